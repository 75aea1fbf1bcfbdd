/** Formats of calls that have a header with the name. */
import type { Tool } from "../../jobs.ts";
import type { ChatFormat, GrammarOptions, TemplateProbe } from "../format.ts";
import { callsGrammar } from "../grammar.ts";
import { parserOf } from "../reader.ts";
import { readReasoning, thinkTags } from "../reasoning.ts";
import { Spelling } from "../spelling.ts";
import { namedCallMarkers, type NamedCalls, readNamedCalls } from "./named-calls.ts";

export interface NamedFormat extends NamedCalls {
  readonly name: string;
  /** A call up to its arguments, in Lark. */
  readonly head: (tool: Tool, spelling: Spelling) => string;
  readonly markers?: readonly string[];
  readonly matches: (probe: TemplateProbe) => boolean;
  readonly instructions?: (tools: readonly Tool[]) => string;
}

export function namedFormat(format: NamedFormat): ChatFormat {
  return {
    name: format.name,
    markers: markersOf(format),
    matches: format.matches,
    parser: ({ prompted, tools }) =>
      parserOf(function* (reader) {
        const starts = tools.length === 0 ? [] : namedCallMarkers(format);
        yield* readReasoning(reader, prompted, thinkTags, starts);
        if (tools.length > 0) yield* readNamedCalls(reader, format);
      }),
    grammar: (options) => grammarOf(format, options),
    ...(format.instructions === undefined ? {} : { instructions: format.instructions }),
  };
}

function markersOf({ section, call, callEnd, markers = [] }: NamedFormat): readonly string[] {
  return [thinkTags.open, thinkTags.close, section.open, section.close, call, callEnd, ...markers];
}

function grammarOf(format: NamedFormat, options: GrammarOptions): string | undefined {
  const spelling = new Spelling(options, markersOf(format));
  const call = spelling.literal(format.call);
  return callsGrammar(options, {
    reasoning: thinkTags,
    marker: format.section.open,
    others: [format.call],
    first: `space ${call}`,
    call: (tool) => `${format.head(tool, spelling)} ${argumentsRule(tool, format, options)}`,
    between: `space ${call}`,
    last: `space ${spelling.literal(format.section.close)}`,
  });
}

/** The arguments of a call, and its end. */
export function argumentsRule(tool: Tool, format: NamedCalls, options: GrammarOptions): string {
  const { after, callEnd } = format;
  const ends = after === undefined ? "" : `space ${JSON.stringify(after)} space`;
  return `space ${options.json(tool)} ${ends} ${options.marker(callEnd)}`;
}
