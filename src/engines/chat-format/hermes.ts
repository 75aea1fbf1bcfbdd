/**
 * `<tool_call>` with a JSON object of name and arguments, as Hermes, Qwen 2.5 and Qwen 3 write it; reasoning between
 * `<think>` and `</think>`. The format `generic` is for models whose own format is not known: a system text tells them
 * of Hermes'.
 */
import { readCalls } from "./calls.ts";
import type { ChatFormat } from "./format.ts";
import { callsGrammar, jsonCallRule, lark } from "./grammar.ts";
import { jsonCall, usualKeys } from "./json-call.ts";
import { parserOf, type Reader, type Reading } from "./reader.ts";
import { promptedReasoning, readReasoning, type ReasoningTags, thinkTags } from "./reasoning.ts";
import type { Tool, ToolCall } from "../jobs.ts";

const open = "<tool_call>";
const close = "</tool_call>";
const anyTags: readonly ReasoningTags[] = [
  thinkTags,
  { open: "[THINK]", close: "[/THINK]" },
  { open: "<seed:think>", close: "</seed:think>" },
  { open: "<|START_THINKING|>", close: "<|END_THINKING|>" },
];

export const hermes: ChatFormat = {
  ...hermesWith([thinkTags], thinkTags),
  name: "hermes",
  matches: ({ calls }) => /<tool_call>\s*\{\s*"(?:id|type|name|arguments)":/.test(calls),
};

export const generic: ChatFormat = { ...hermesWith(anyTags), name: "generic", matches: () => true };

/** `own`: the tags that the model is known to write unasked. */
function hermesWith(
  tags: readonly ReasoningTags[],
  own?: ReasoningTags,
): Omit<ChatFormat, "name" | "matches"> {
  return {
    markers: [open, close, ...tags.flatMap((one) => [one.open, one.close])],
    parser: ({ prompted, tools }) =>
      parserOf(function* (reader) {
        yield* readReasoning(reader, prompted, tags);
        if (tools.length > 0) yield* readCalls(reader, { markers: [open, `\n${open}`], read });
      }),
    grammar: (options) => {
      const ends = `${lark("\n")}? ${options.marker(close)}`;
      const opened = tags.find((one) => promptedReasoning(options.prompted, one) !== "none");
      const reasoning = opened ?? own;
      return callsGrammar(options, {
        ...(reasoning && { reasoning }),
        marker: open,
        call: (tool) => `${lark("\n")}? ${jsonCallRule(tool, options)}`,
        between: `${ends} space ${options.marker(open)}`,
        last: ends,
      });
    },
    instructions,
    callsText,
    resultText: (_name, content) => `<tool_response>\n${content}\n</tool_response>`,
  };
}

function* read(reader: Reader): Reading<boolean> {
  yield* reader.space();
  if (!(yield* jsonCall(reader, usualKeys))) return false;
  yield* reader.space();
  yield* reader.take(close);
  return true;
}

/** As Qwen 2.5's template words it. */
function instructions(tools: readonly Tool[]): string {
  return [
    "# Tools\n",
    "You may call one or more functions to assist with the user query.\n",
    "You are provided with function signatures within <tools></tools> XML tags:",
    "<tools>",
    ...tools.map(signature),
    "</tools>\n",
    "For each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:",
    '<tool_call>\n{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call>',
  ].join("\n");
}

function signature({ name, description, parameters }: Tool): string {
  const [as, does] = [name, description].map((text) => JSON.stringify(text));
  const members = `"name": ${as ?? ""}, "description": ${does ?? ""}, "parameters": ${parameters}`;
  return `{"type": "function", "function": {${members}}}`;
}

function callsText(calls: readonly ToolCall[]): string {
  return calls
    .map(({ name, arguments: args }) => `{"name": ${JSON.stringify(name)}, "arguments": ${args}}`)
    .map((call) => `${open}\n${call}\n${close}`)
    .join("\n");
}
