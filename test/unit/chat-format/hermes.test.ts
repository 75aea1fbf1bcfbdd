import { describe, expect, it } from "vitest";
import { hermes } from "../../../src/engines/chat-format/hermes.ts";
import { bothTools, cityTool, cutsOf, read, walk } from "./reading.ts";

const one = '<tool_call>\n{"name": "get_time", "arguments": {"city": "Oslo"}}\n</tool_call>';
const two = '<tool_call>\n{"name": "add.numbers-2", "arguments": {"a": 1, "b": 2}}\n</tool_call>';
const get = { name: "get_time", arguments: '{"city": "Oslo"}' };
const add = { name: "add.numbers-2", arguments: '{"a": 1, "b": 2}' };
const thinking = { ...bothTools, prompted: "<|im_start|>assistant\n<think>\n" };

describe("completions in Hermes' format", () => {
  it.each([
    ["text", "Hello.\n\nYou!\n", { content: "Hello.\n\nYou!\n", reasoning: "", calls: [] }],
    ["a call", one, { content: "", reasoning: "", calls: [get] }],
    ["two calls", `${one}\n${two}\n`, { content: "", reasoning: "", calls: [get, add] }],
    ["text, then a call", `Well: \n${one}`, { content: "Well: ", reasoning: "", calls: [get] }],
    ["a call, then text", `${one}\nDone.`, { content: "\nDone.", reasoning: "", calls: [get] }],
    [
      "reasoning, then both",
      `<think>\nHm <tool_call> \n</think>\n\nSo:\n${one}`,
      { content: "So:", reasoning: "Hm <tool_call>", calls: [get] },
    ],
    [
      "arguments before the name, and other members",
      '<tool_call>{"x": ["}"], "arguments": {"a": "}</tool_call>"}, "name": "n", "y": 1}</tool_call>',
      { content: "", reasoning: "", calls: [{ name: "n", arguments: '{"a": "}</tool_call>"}' }] },
    ],
    [
      "arguments as a string",
      String.raw`<tool_call>{"name": "n", "arguments": "{\"a\": \"\\\"\"}"}</tool_call>`,
      { content: "", reasoning: "", calls: [{ name: "n", arguments: String.raw`{"a": "\""}` }] },
    ],
    [
      "no arguments",
      '<tool_call>{"name": "n"}</tool_call><tool_call>{"name": "m", "arguments": null}</tool_call>',
      {
        content: "",
        reasoning: "",
        calls: [
          { name: "n", arguments: "{}" },
          { name: "m", arguments: "{}" },
        ],
      },
    ],
    [
      "a marker that begins no call",
      `Write <tool_call> or <tool_call>{"a": 1} first: ${one}`,
      {
        content: 'Write <tool_call> or <tool_call>{"a": 1} first: ',
        reasoning: "",
        calls: [get],
      },
    ],
    [
      "a call that is cut off",
      '<tool_call>\n{"name": "get_time", "arguments": {"ci',
      { content: "", reasoning: "", calls: [{ name: "get_time", arguments: '{"ci' }] },
    ],
    [
      "a call that is cut off in its name",
      '<tool_call>\n{"name": "get_t',
      { content: '<tool_call>\n{"name": "get_t', reasoning: "", calls: [] },
    ],
    [
      "a part of a marker at the end",
      "a <tool_c",
      { content: "a <tool_c", reasoning: "", calls: [] },
    ],
  ])("reads %s, however it is cut", (_, text, message) => {
    for (const pieces of cutsOf(text)) expect(read(hermes, pieces, bothTools)).toEqual(message);
  });

  it.each([
    ["begun", "Hm.\n</think>\n\nYes", { content: "Yes", reasoning: "Hm.", calls: [] }],
    ["closed at once", `</think>\n\n${one}`, { content: "", reasoning: "", calls: [get] }],
    ["cut off", "Hm.\n", { content: "", reasoning: "Hm.\n", calls: [] }],
  ])("reads reasoning that the prompt has opened: %s", (_, text, message) => {
    for (const pieces of cutsOf(text)) expect(read(hermes, pieces, thinking)).toEqual(message);
  });

  it("goes on with reasoning that the prompt has begun, its space too", () => {
    const options = { ...bothTools, prompted: "<think>\nI am" };
    expect(read(hermes, [" thinking\n</think>\nYes"], options)).toEqual({
      content: "Yes",
      reasoning: " thinking",
      calls: [],
    });
  });

  it("reads no calls where no tools are offered", () => {
    expect(read(hermes, [one], { prompted: "", tools: [] })).toEqual({
      content: one,
      reasoning: "",
      calls: [],
    });
  });

  it("tells of a call, and of its arguments, before it is whole", () => {
    const parser = hermes.parser(bothTools);
    parser.push("<tool_call>\n");
    expect(parser.push('{"name": "get_time", ')).toEqual([
      { kind: "tool_call", call: 0, name: "get_time", arguments: "" },
    ]);
    expect(parser.push('"arguments": {"city"')).toEqual([
      { kind: "tool_call", call: 0, arguments: '{"city"' },
    ]);
  });

  it("holds back no more than what may be a marker", () => {
    const parser = hermes.parser({ prompted: "</think>", tools: bothTools.tools });
    expect(parser.push("a <b")).toEqual([{ kind: "content", text: "a <b" }]);
    expect(parser.push(" <tool")).toEqual([{ kind: "content", text: " " }]);
    expect(parser.push("s>")).toEqual([{ kind: "content", text: "<tools>" }]);
  });
});

describe.each([false, true])("the grammar of Hermes' format, markers spelled: %s", (spelled) => {
  it("takes text and calls", () => {
    expect(walk(hermes, "Hello <tool", { spelled })).toBe("accepted");
    expect(walk(hermes, `<think>a</think>Well ${one}`, { spelled })).toBe("accepted");
    expect(walk(hermes, `${one}\n${two}`, { spelled })).toBe("accepted");
    expect(walk(hermes, "<tool_call>", { spelled })).toBe("unfinished");
  });

  it("takes no unknown tool, no wrong argument and no second call where there may be one", () => {
    const unknown = '<tool_call>\n{"name": "x';
    expect(walk(hermes, unknown, { spelled })).toHaveProperty("refusedAfter");
    const wrong = '<tool_call>\n{"name": "get_time", "arguments": {"town';
    expect(walk(hermes, wrong, { spelled })).toHaveProperty("refusedAfter");
    const twice = walk(hermes, `${one}\n${two}`, { spelled, parallel: false });
    expect(twice).toHaveProperty("refusedAfter");
  });

  it("takes only a call where one is required, and only the one that is named", () => {
    const required = { spelled, choice: { kind: "required" } as const };
    expect(walk(hermes, "Hello", required)).toHaveProperty("refusedAfter");
    expect(walk(hermes, `<think>a</think>\n${two}`, required)).toBe("accepted");
    const named = { spelled, choice: { kind: "named", name: cityTool.name } as const };
    expect(walk(hermes, one, named)).toBe("accepted");
    expect(walk(hermes, two, named)).toHaveProperty("refusedAfter");
  });

  it("lets opened reasoning end first", () => {
    const options = { spelled, prompted: "<think>\n", choice: { kind: "required" } as const };
    expect(walk(hermes, `a < b\n</think>\n\n${one}`, options)).toBe("accepted");
    expect(walk(hermes, "a", options)).toBe("unfinished");
  });
});
