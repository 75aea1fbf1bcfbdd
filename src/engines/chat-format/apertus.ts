/** `<|tools_prefix|>[{"name": {arguments}}]<|tools_suffix|>`, as Apertus writes it. */
import { readCalls } from "./calls.ts";
import type { ChatFormat } from "./format.ts";
import { callsGrammar } from "./grammar.ts";
import { jsonString } from "./json.ts";
import { jsonArguments } from "./json-call.ts";
import { parserOf, type Reader, type Reading } from "./reader.ts";
import { readReasoning } from "./reasoning.ts";

const open = "<|tools_prefix|>";
const close = "<|tools_suffix|>";
const reasoning = { open: "<|inner_prefix|>", close: "<|inner_suffix|>" };

export const apertus: ChatFormat = {
  name: "apertus",
  markers: [open, close, reasoning.open, reasoning.close],
  matches: ({ calls }) => /<\|tools_prefix\|>\[\{"first":/.test(calls),
  parser: ({ prompted, tools }) =>
    parserOf(function* (reader) {
      yield* readReasoning(reader, prompted, reasoning);
      if (tools.length > 0) yield* readCalls(reader, { markers: [open], read });
    }),
  grammar: (options) =>
    callsGrammar(options, {
      reasoning,
      marker: open,
      first: JSON.stringify("["),
      call: (tool) => `${JSON.stringify(`{"${tool.name}": `)} ${options.json(tool)} "}"`,
      between: JSON.stringify(", "),
      last: `"]" ${options.marker(close)}`,
    }),
};

function* read(reader: Reader): Reading<boolean> {
  yield* reader.space();
  if ((yield* reader.take("[")) === undefined) return false;
  for (let called = false; ; called = true) {
    yield* reader.while(/[\s,]/, () => undefined);
    if ((yield* reader.take("{")) === undefined) {
      if (called) yield* reader.until([close], () => undefined);
      return called;
    }
    yield* reader.space();
    const name = yield* reader.text((give) => jsonString(reader, give));
    yield* reader.space();
    if (!/^"[^"\\]+"$/.test(name) || (yield* reader.take(":")) === undefined) return called;
    reader.call(name.slice(1, -1));
    yield* reader.space();
    if (!(yield* jsonArguments(reader, reader.arguments))) return true;
    yield* reader.space();
    yield* reader.take("}");
  }
}
