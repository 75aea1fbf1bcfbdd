/** What a chat may hold: each wrong field is named. */
import { describe, expect, it } from "vitest";
import { Chat, Role, ToolMode } from "../../../gen/inferd/v1/generation_service.ts";
import { ServeError } from "../../../src/base/errors.ts";
import { chat as rule } from "../../../src/contract/requests/chat.ts";
import { checkAllJson } from "../../../src/contract/requests/chat-json.ts";
import { Report } from "../../../src/contract/validation/report.ts";

type Part = Parameters<typeof Chat.fromPartial>[0];

const user = { role: Role.USER, content: "Hi" };
const call = { id: "c1", name: "add", argumentsJson: "{}" };
const called = { role: Role.ASSISTANT, toolCalls: [call] };
const tool = (name: string, parametersSchema = "") => ({
  kind: { $case: "function" as const, value: { name, parametersSchema } },
});

function thrownBy(report: Report): readonly { readonly field: string; readonly reason: string }[] {
  try {
    report.throwIfAny();
    return [];
  } catch (thrown) {
    return thrown instanceof ServeError ? thrown.violations : [];
  }
}

/** The wrong fields, and why. */
function wrongIn(part: Part): Readonly<Record<string, string>> {
  const report = new Report();
  rule.check(Chat.fromPartial({ messages: [user], ...part }), "chat", report);
  return Object.fromEntries(thrownBy(report).map(({ field, reason }) => [field, reason]));
}

describe("a chat with tools", () => {
  it("is taken with calls, results by id or in order, and any choice", () => {
    const two = { ...called, toolCalls: [call, { ...call, id: "c2" }] };
    const result = { role: Role.TOOL, content: "3" };
    expect(wrongIn({ messages: [user, two, { ...result, toolCallId: "c2" }, result] })).toEqual({});
    const mode = { kind: { $case: "mode" as const, value: ToolMode.REQUIRED } };
    expect(wrongIn({ tools: [tool("add"), tool("b.c-d_1")], toolChoice: mode })).toEqual({});
    const named = { kind: { $case: "functionName" as const, value: "add" } };
    expect(wrongIn({ tools: [tool("add")], toolChoice: named, parallelToolCalls: false })).toEqual(
      {},
    );
  });

  it.each<[string, Part, Readonly<Record<string, string>>]>([
    [
      "a name with a space",
      { tools: [tool("a b")] },
      { "chat.tools[0].function.name": "MALFORMED" },
    ],
    [
      "a name twice",
      { tools: [tool("a"), tool("a")] },
      { "chat.tools[1].function.name": "CONFLICT" },
    ],
    [
      "a schema that is no JSON",
      { tools: [tool("a", "{")] },
      { "chat.tools[0].function.parameters_schema": "MALFORMED" },
    ],
    [
      "a schema of a text",
      { tools: [tool("a", '{"type":"string"}')] },
      { "chat.tools[0].function.parameters_schema": "MALFORMED" },
    ],
    [
      "more tools than 128",
      { tools: Array.from({ length: 129 }, (_, at) => tool(`t${at}`)) },
      { "chat.tools": "TOO_MANY" },
    ],
    [
      "a choice without tools",
      { toolChoice: { kind: { $case: "mode", value: ToolMode.AUTO } }, parallelToolCalls: true },
      { "chat.tool_choice": "CONFLICT", "chat.parallel_tool_calls": "CONFLICT" },
    ],
    [
      "a choice of another tool",
      { tools: [tool("a")], toolChoice: { kind: { $case: "functionName", value: "b" } } },
      { "chat.tool_choice.function_name": "UNKNOWN_VALUE" },
    ],
    [
      "calls of a user",
      { messages: [{ ...user, toolCalls: [call], reasoning: "x" }] },
      { "chat.messages[0].tool_calls": "CONFLICT", "chat.messages[0].reasoning": "CONFLICT" },
    ],
    [
      "arguments that are no object",
      { messages: [user, { ...called, toolCalls: [{ ...call, argumentsJson: "[1]" }] }] },
      { "chat.messages[1].tool_calls[0].arguments_json": "MALFORMED" },
    ],
    [
      "an id of two calls",
      { messages: [user, { ...called, toolCalls: [call, call] }] },
      { "chat.messages[1].tool_calls[1].id": "CONFLICT" },
    ],
    [
      "a result of no call",
      { messages: [user, { role: Role.TOOL, content: "3" }] },
      { "chat.messages[1].tool_call_id": "REQUIRED" },
    ],
    [
      "a result of an unknown call",
      { messages: [user, called, { role: Role.TOOL, content: "3", toolCallId: "c9" }] },
      { "chat.messages[2].tool_call_id": "UNKNOWN_VALUE" },
    ],
    [
      "a user's message to go on with",
      { continueLast: true },
      { "chat.continue_last": "CONFLICT" },
    ],
    [
      "calls to go on with",
      { messages: [user, { ...called, content: "a" }], continueLast: true },
      { "chat.continue_last": "CONFLICT" },
    ],
  ])("is refused for %s", (_, part, wrong) => {
    expect(wrongIn(part)).toMatchObject(wrong);
  });

  it("is refused for JSON nested deeper than is read, without a recursion that could end", () => {
    const deep = `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
    const messages = [user, { ...called, toolCalls: [{ ...call, argumentsJson: deep }] }];
    expect(wrongIn({ messages })).toMatchObject({
      "chat.messages[1].tool_calls[0].arguments_json": "MALFORMED",
    });
  });

  it("has all its JSON checked, in turns that let others go on, where it is long", async () => {
    const long = `{"a":"${"x".repeat(1_000_000)}"}`;
    const calls = [call, { ...call, id: "c2", argumentsJson: long }];
    const last = { ...call, id: "c3", argumentsJson: "{]" };
    const messages = [user, { ...called, toolCalls: [...calls, last] }];
    const report = new Report();
    let turns = 0;
    const counting = setInterval(() => (turns += 1), 0);
    await checkAllJson(Chat.fromPartial({ messages }), "chat", report);
    clearInterval(counting);
    expect(thrownBy(report).map(({ field }) => field)).toEqual([
      "chat.messages[1].tool_calls[2].arguments_json",
    ]);
    expect(turns).toBeGreaterThan(0);
  });
});

describe("arguments of a chat template are bounded, and never the server's own", () => {
  const nested = (levels: number): object =>
    Array.from({ length: levels - 1 }).reduce<object>((inner) => ({ a: inner }), {});

  it.each<[string, Record<string, unknown>]>([
    ["a switch", { enable_thinking: false }],
    ["16 levels", { a: nested(15) }],
  ])("are taken with %s", (_, templateArguments) => {
    expect(wrongIn({ templateArguments })).toEqual({});
  });

  it.each<[string, Record<string, unknown>, string, string]>([
    ["messages", { messages: [] }, 'chat.template_arguments["messages"]', "CONFLICT"],
    ["tools", { tools: [] }, 'chat.template_arguments["tools"]', "CONFLICT"],
    [
      "the generation prompt",
      { add_generation_prompt: false },
      'chat.template_arguments["add_generation_prompt"]',
      "CONFLICT",
    ],
    ["17 levels", { a: nested(16) }, "chat.template_arguments", "TOO_LONG"],
    ["too many bytes", { a: "x".repeat(65_536) }, "chat.template_arguments", "TOO_LONG"],
    ["no number", { a: NaN }, "chat.template_arguments", "OUT_OF_RANGE"],
  ])("are refused with %s", (_, templateArguments, field, reason) => {
    expect(wrongIn({ templateArguments })).toMatchObject({ [field]: reason });
  });
});
