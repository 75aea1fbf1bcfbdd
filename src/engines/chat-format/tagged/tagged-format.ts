/** Formats that differ in their tags alone. */
import type { ChatFormat, GrammarOptions, TemplateProbe } from "../format.ts";
import { callsGrammar } from "../grammar.ts";
import { parserOf } from "../reader.ts";
import { readReasoning, type ReasoningTags } from "../reasoning.ts";
import { Spelling } from "../spelling.ts";
import { callMarkers, readTaggedCalls, type TaggedCalls } from "./tagged-calls.ts";
import { TaggedRules } from "./tagged-grammar.ts";

export interface TaggedFormat extends TaggedCalls {
  readonly name: string;
  readonly reasoning: ReasoningTags;
  /** What else may be a control token. */
  readonly markers?: readonly string[];
  readonly matches: (probe: TemplateProbe) => boolean;
}

export function taggedFormat(format: TaggedFormat): ChatFormat {
  const { name, reasoning, matches } = format;
  return {
    name,
    markers: markersOf(format),
    matches,
    parser: ({ prompted, tools }) =>
      parserOf(function* (reader) {
        const starts = tools.length === 0 ? [] : callMarkers(format);
        yield* readReasoning(reader, prompted, reasoning, starts);
        if (tools.length > 0) yield* readTaggedCalls(reader, format, tools);
      }),
    grammar: (options) => taggedGrammar(format, options),
  };
}

function markersOf({ reasoning, markers = [], section, tags }: TaggedFormat): readonly string[] {
  const around = section === undefined ? [tags.call, tags.callEnd] : [section.open, section.close];
  return [reasoning.open, reasoning.close, ...around, ...markers];
}

export function taggedGrammar(format: TaggedFormat, options: GrammarOptions): string | undefined {
  const { tags, section, reasoning } = format;
  const markers = markersOf(format);
  const spelling = new Spelling(options, markers);
  const rules = new TaggedRules(tags, options, markers);
  const call = spelling.literal(tags.call);
  const close = section === undefined ? "" : `space ${spelling.literal(section.close)}`;
  const next = section === undefined ? "" : `${close} space ${spelling.literal(section.open)}`;
  const grammar = callsGrammar(
    { ...options, marker: (text) => spelling.literal(text) },
    {
      reasoning,
      marker: section?.open ?? tags.call,
      first: section === undefined ? "" : `space ${call}`,
      call: (tool) => rules.call(tool),
      between: `${section?.together === true ? "" : next} space ${call}`,
      last: close,
    },
  );
  return grammar === undefined ? undefined : [grammar, ...rules.shared()].join("\n");
}
