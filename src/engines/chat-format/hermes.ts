/**
 * `<tool_call>` with a JSON object of name and arguments, as Hermes, Qwen 2.5 and Qwen 3 write it; reasoning between
 * `<think>` and `</think>`.
 */
import { readCalls } from "./calls.ts";
import type { ChatFormat } from "./format.ts";
import { callsGrammar, jsonCallRule, lark } from "./grammar.ts";
import { jsonCall, usualKeys } from "./json-call.ts";
import { parserOf, type Reader, type Reading } from "./reader.ts";
import { readReasoning, thinkTags } from "./reasoning.ts";

const open = "<tool_call>";
const close = "</tool_call>";

export const hermes: ChatFormat = {
  name: "hermes",
  markers: [open, close, thinkTags.open, thinkTags.close],
  matches: ({ calls }) => /<tool_call>\s*\{\s*"name":\s*"first",\s*"arguments":/.test(calls),
  parser: ({ prompted, tools }) =>
    parserOf(function* (reader) {
      yield* readReasoning(reader, prompted);
      if (tools.length > 0) yield* readCalls(reader, { markers: [open, `\n${open}`], read });
    }),
  grammar: (options) => {
    const ends = `${lark("\n")}? ${options.marker(close)}`;
    return callsGrammar(options, {
      reasoning: thinkTags,
      marker: open,
      call: (tool) => `${lark("\n")}? ${jsonCallRule(tool, options)}`,
      between: `${ends} space ${options.marker(open)}`,
      last: ends,
    });
  },
};

function* read(reader: Reader): Reading<boolean> {
  yield* reader.space();
  if (!(yield* jsonCall(reader, usualKeys))) return false;
  yield* reader.space();
  yield* reader.take(close);
  return true;
}
