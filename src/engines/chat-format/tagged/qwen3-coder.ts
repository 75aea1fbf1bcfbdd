/** `<function=name>` with `<parameter=key>`, as Qwen3-Coder, Qwen 3.5, Nemotron 3 and Step 3.5 write it. */
import type { Tool } from "../../jobs.ts";
import { readCalls } from "../calls.ts";
import type { ChatFormat } from "../format.ts";
import { parserOf, type Reader, type Reading } from "../reader.ts";
import { readReasoning, thinkTags } from "../reasoning.ts";
import { type TaggedFormat, taggedGrammar } from "./tagged-format.ts";
import { readSection } from "./tagged-calls.ts";
import { readCall, type Tags } from "./tags.ts";

const section = { open: "<tool_call>", close: "</tool_call>" };
const tags: Tags = {
  call: "<function=",
  nameEnd: ">",
  callEnd: "</function>",
  key: "<parameter=",
  keyEnd: ">",
  value: "",
  valueEnd: "</parameter>",
  inLines: true,
};

const format: TaggedFormat = {
  name: "qwen3-coder",
  reasoning: thinkTags,
  section,
  tags,
  matches: ({ calls }) => /<tool_call>\s*<function=first>\s*<parameter=a>\n1\n</.test(calls),
};

export const qwen3Coder: ChatFormat = {
  name: format.name,
  markers: [section.open, section.close, thinkTags.open, thinkTags.close],
  matches: format.matches,
  parser: ({ prompted, tools }) =>
    parserOf(function* (reader) {
      const starts = tools.length === 0 ? [] : [section.open];
      yield* readReasoning(reader, prompted, thinkTags, starts);
      if (tools.length > 0) yield* readAll(reader, tools);
    }),
  grammar: (options) => taggedGrammar(format, options),
};

/** Some models leave `<tool_call>` out before the first call. */
function* readAll(reader: Reader, tools: readonly Tool[]): Reading {
  const named = new Map(tools.map(({ name }) => [`${tags.call}${name}${tags.nameEnd}`, name]));
  yield* readCalls(reader, {
    markers: [section.open, ...named.keys()],
    *read(_, marker) {
      if (marker === section.open) return yield* readSection(reader, { tags, section }, tools);
      const name = named.get(marker) ?? "";
      const isCall = yield* readCall(reader, tags, tools, name);
      yield* reader.space();
      yield* reader.take(section.close);
      return isCall;
    },
  });
}
