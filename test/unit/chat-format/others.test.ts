import { describe, expect, it } from "vitest";
import type { ChatFormat } from "../../../src/engines/chat-format/format.ts";
import { functionary, functionaryParts } from "../../../src/engines/chat-format/functionary.ts";
import { generic } from "../../../src/engines/chat-format/hermes.ts";
import { formatNamed, formats } from "../../../src/engines/chat-format/index.ts";
import { llama3 } from "../../../src/engines/chat-format/llama3.ts";
import { mistral, mistralList } from "../../../src/engines/chat-format/mistral.ts";
import {
  bothTools,
  cityTool,
  cutsOf,
  type Message,
  read,
  sumTool,
  toolOf,
  walk,
} from "./reading.ts";

const said = (content: string, ...calls: Message["calls"]): Message => ({
  content,
  reasoning: "",
  calls,
});
const get = { name: "get_time", arguments: '{"city": "Oslo"}' };
const add = { name: "add.numbers-2", arguments: '{"a": 1, "b": 2}' };
const parts = ">>>";

interface Reads {
  readonly format: ChatFormat;
  readonly text: string;
  readonly message: Message;
  readonly prompted?: string;
  readonly tools?: typeof bothTools.tools;
}

const python = [...bothTools.tools, toolOf("python", { code: { type: "string" } })];

it.each<Reads & { title: string }>([
  {
    title: "Mistral's list, with ids",
    format: mistralList,
    text: `[TOOL_CALLS] [{"name": "get_time", "arguments": ${get.arguments}, "id": "abc"}, {"name": "add.numbers-2", "arguments": ${add.arguments}}]`,
    message: said("", { ...get, id: "abc" }, add),
  },
  {
    title: "a marker in an argument of Mistral's",
    format: mistral,
    text: '[TOOL_CALLS]f[ARGS]{"a": "[TOOL_CALLS]g[ARGS]{\\"}"}[TOOL_CALLS]get_time{"city": "Oslo"}',
    message: said("", { name: "f", arguments: '{"a": "[TOOL_CALLS]g[ARGS]{\\"}"}' }, get),
  },
  {
    title: "Mistral's marker before no call",
    format: mistral,
    text: "a [TOOL_CALLS] b [TOOL_CALLS]",
    message: said("a [TOOL_CALLS] b [TOOL_CALLS]"),
  },
  {
    title: "a call in place of an answer, of Llama 3",
    format: llama3,
    text: `{"type": "function", "name": "get_time", "parameters": ${get.arguments}}\n`,
    message: said("", get),
  },
  {
    title: "two calls of Llama 3",
    format: llama3,
    text: `<|python_tag|>{"name": "get_time", "parameters": ${get.arguments}}; {"name": "add.numbers-2", "parameters": ${add.arguments}}`,
    message: said("", get, add),
  },
  {
    title: "JSON that is no call, of Llama 3",
    format: llama3,
    text: ' {"name": "Ada", "born": 1815} {"name": "get_time"}',
    message: said(' {"name": "Ada", "born": 1815} {"name": "get_time"}'),
  },
  {
    title: "JSON that is cut off, of Llama 3",
    format: llama3,
    text: '{"name": "get_t',
    message: said('{"name": "get_t'),
  },
  {
    title: "text after a call of Llama 3",
    format: llama3,
    text: `{"name": "get_time", "parameters": ${get.arguments}}; done`,
    message: said("; done", get),
  },
  {
    title: "a built-in call of Llama 3",
    format: llama3,
    text: '<|python_tag|>get_time.call(city="Oslo", n=1)',
    message: said("", { name: "get_time", arguments: '{"city": "Oslo", "n": 1}' }),
  },
  {
    title: "code of Llama 3",
    format: llama3,
    tools: python,
    text: '<|python_tag|>print("🌍")\n',
    message: said("", { name: "python", arguments: '{"code": "print(\\"🌍\\")\\n"}' }),
  },
  {
    title: "code where no tool takes it",
    format: llama3,
    text: "<|python_tag|>print(1)",
    message: said("<|python_tag|>print(1)"),
  },
  {
    title: "Functionary's calls",
    format: functionary,
    text: `Well.<function=get_time>${get.arguments}</function><function=add.numbers-2>${add.arguments}</function>`,
    message: said("Well.", get, add),
  },
  {
    title: "Functionary's tag before no call",
    format: functionary,
    text: "<function=get time>{}</function>",
    message: said("<function=get time>{}</function>"),
  },
  {
    title: "Functionary's parts",
    format: functionaryParts,
    prompted: parts,
    text: `all\nSo >>> 1\n>>>get_time\n${get.arguments}>>>add.numbers-2\n${add.arguments}`,
    message: said("So >>> 1\n", get, add),
  },
  {
    title: "Functionary's parts without a recipient",
    format: functionaryParts,
    prompted: parts,
    text: "Hello\n>>>none\n>>>",
    message: said("Hello\n>>>none\n>>>"),
  },
  {
    title: "Functionary's code",
    format: functionaryParts,
    prompted: parts,
    tools: python,
    text: 'python\na = "é"\n>>>all\nDone.',
    message: said("Done.", { name: "python", arguments: '{"code": "a = \\"é\\"\\n"}' }),
  },
  {
    title: "a list in another format's marker",
    format: formatNamed("nemotron")!,
    text: `<TOOLCALL>[{"name": "get_time", "arguments": ${get.arguments}}, {"nam`,
    message: said('{"nam', get),
  },
  {
    title: "answers between tags",
    format: formatNamed("command")!,
    text: "<|START_THINKING|>Hm.<|END_THINKING|><|START_TEXT|>Yes.<|END_TEXT|>",
    message: { content: "Yes.", reasoning: "Hm.", calls: [] },
  },
  {
    title: "reasoning by any tags, where the format is not known",
    format: generic,
    text: "\n[THINK]Hm.[/THINK]\nYes.",
    message: { content: "Yes.", reasoning: "Hm.", calls: [] },
  },
])("reads $title, however it is cut", ({ format, text, message, prompted = "", tools }) => {
  const options = { prompted, tools: tools ?? bothTools.tools };
  const all = [...cutsOf(text)].map((pieces) => JSON.stringify(read(format, pieces, options)));
  expect(read(format, [text], options)).toEqual(message);
  expect(new Set(all)).toEqual(new Set([JSON.stringify(read(format, [text], options))]));
});

const json = (name: string, args: string) => `{"name": "${name}", "arguments": ${args}}`;

/** What each format's model writes for a call of `get_time`, and for that and a second one. */
const written: Readonly<Record<string, { one: string; two?: string; prompted?: string }>> = {
  mistral: {
    one: `[TOOL_CALLS]get_time[CALL_ID]abcdef012[ARGS]${get.arguments}`,
    two: `[TOOL_CALLS]get_time[ARGS]${get.arguments}[TOOL_CALLS]add.numbers-2[ARGS]${add.arguments}`,
  },
  "mistral-list": {
    one: `[TOOL_CALLS][{"name": "get_time", "arguments": ${get.arguments}, "id": "abcdef012"}]`,
  },
  functionary: {
    one: `<function=get_time>${get.arguments}</function>`,
    two: `<function=get_time>${get.arguments}</function><function=add.numbers-2>${add.arguments}</function>`,
  },
  "functionary-3.2": {
    prompted: parts,
    one: `get_time\n${get.arguments}`,
    two: `get_time\n${get.arguments}>>>add.numbers-2\n${add.arguments}`,
  },
  "llama-3": { one: `{"name": "get_time", "parameters": ${get.arguments}}` },
  nemotron: {
    one: `<TOOLCALL>[${json("get_time", get.arguments)}]</TOOLCALL>`,
    two: `<TOOLCALL>[${json("get_time", get.arguments)}, ${json("add.numbers-2", add.arguments)}]</TOOLCALL>`,
  },
  apriel: { one: `<tool_calls>[${json("get_time", get.arguments)}]</tool_calls>` },
  "minimax-m1": { one: `<tool_calls>\n${json("get_time", get.arguments)}\n</tool_calls>` },
  granite: { one: `<|tool_call|>[${json("get_time", get.arguments)}]<|/tool_call|>` },
  firefunction: { one: `functools[${json("get_time", get.arguments)}]` },
  command: {
    one: `<|START_ACTION|>[\n    {"tool_call_id": "0", "tool_name": "get_time", "parameters": ${get.arguments}}\n]<|END_ACTION|>`,
  },
  "command-r": {
    one: `Action:\n\`\`\`json\n[\n    {"tool_name": "get_time", "parameters": ${get.arguments}}\n]\n\`\`\``,
  },
  gigachat: { one: `<|function_call|>${json("get_time", get.arguments)}` },
  "gigachat-3": {
    one: `<|message_sep|>\n\nfunction call<|role_sep|>\n${json("get_time", get.arguments)}`,
  },
  generic: {
    one: `<tool_call>\n${json("get_time", get.arguments)}\n</tool_call>`,
    two: `<tool_call>\n${json("get_time", get.arguments)}\n</tool_call>\n<tool_call>\n${json("add.numbers-2", add.arguments)}\n</tool_call>`,
  },
};

describe.each(Object.entries(written))("the grammar of %s", (name, { one, two, prompted = "" }) => {
  const format = formats.find((known) => known.name === name)!;
  const required = { choice: { kind: "required" }, prompted } as const;

  it.each([false, true])("takes its calls and no others, markers spelled: %s", (spelled) => {
    expect(walk(format, one, { ...required, spelled })).toBe("accepted");
    expect(walk(format, one, { prompted, spelled })).toBe("accepted");
    const wrong = one.replace("get_time", "get_tine");
    expect(walk(format, wrong, { ...required, spelled })).toHaveProperty("refusedAfter");
    const untyped = one.replace("city", "town");
    expect(walk(format, untyped, { ...required, spelled })).toHaveProperty("refusedAfter");
  });

  it("takes a second call only where there may be one", () => {
    if (two === undefined) return;
    expect(walk(format, two, required)).toBe("accepted");
    const once = walk(format, two, { ...required, parallel: false });
    expect(once).toHaveProperty("refusedAfter");
  });

  it("takes only the tool that is named, and no text first where a call is required", () => {
    const named = (tool: string) => ({ choice: { kind: "named", name: tool } as const, prompted });
    expect(walk(format, one, named(cityTool.name))).toBe("accepted");
    expect(walk(format, one, named(sumTool.name))).toHaveProperty("refusedAfter");
    expect(walk(format, "Hello there", required)).toHaveProperty("refusedAfter");
  });

  it("takes text where no call is required", () => {
    const text = name === "functionary-3.2" ? "all\nHello > {" : "Hello < {";
    expect(walk(format, text, { prompted })).toBe("accepted");
  });

  it("has calls that its parser reads", () => {
    const got = read(format, [one], { prompted, tools: bothTools.tools });
    expect(got.calls).toMatchObject([get]);
  });
});

describe.each(formats)("$name", (format) => {
  const markers = format.markers.length > 0 ? format.markers : [parts];
  /** Pieces as tokens are. What takes the square of the length would take minutes. */
  const inPieces = (text: string) => text.match(/[^]{1,7}/g) ?? [];
  const readAll = (text: string) => read(format, inPieces(text), bothTools);

  it("reads hostile texts in proportion to their length", () => {
    for (const marker of markers) {
      const hostile = [marker.slice(0, -1), marker, `${marker}{"a": [`, `${marker}{"name": "a`];
      for (const one of hostile) readAll(one.repeat(2 ** 13 / one.length));
    }
  });

  it("reads a long argument", () => {
    const value = "\\n".repeat(2 ** 17);
    const { one, prompted = "" } = written[format.name] ?? written["generic"]!;
    const pieces = inPieces(one.replace("Oslo", value));
    const { calls } = read(format, pieces, { prompted, tools: bothTools.tools });
    if (format.name in written) expect(calls[0]?.arguments.length).toBeGreaterThan(2 ** 18);
  });

  it("loses nothing of a text without calls", () => {
    const text = 'Hello {"name": 1}\n\n```json\n[1]\n```\n ';
    const { content } = read(format, inPieces(text), { prompted: "", tools: [] });
    expect(content).toBe(text);
  });
});
