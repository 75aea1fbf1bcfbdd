/** Formats whose calls are JSON objects after a marker: a list of them, one in a line, or one alone. */
import { readCalls } from "./calls.ts";
import type { ChatFormat, GrammarOptions, TemplateProbe } from "./format.ts";
import { callsGrammar, jsonCallRule, lark } from "./grammar.ts";
import { type CallKeys, jsonCall, usualKeys } from "./json-call.ts";
import { parserOf, type Reader, type Reading } from "./reader.ts";
import { readReasoning, type ReasoningTags, thinkTags } from "./reasoning.ts";
import type { Tool, ToolCall } from "../jobs.ts";

export interface JsonList {
  readonly name: string;
  readonly open: string;
  /** What else may stand in place of `open`. */
  readonly alsoOpen?: readonly string[];
  /** Left out where nothing follows. */
  readonly close?: string;
  /** Markers within `open` and `close` and next to content, if these are not markers themselves. */
  readonly markers?: readonly string[];
  /** Tags around content. */
  readonly tags?: readonly string[];
  readonly reasoning?: ReasoningTags;
  readonly keys?: CallKeys;
  readonly matches: (probe: TemplateProbe) => boolean;
  readonly grammar: JsonListGrammar;
}

/** How calls are written: texts before the first, between two and after the last. */
interface JsonListGrammar {
  /** After `open`. */
  readonly first?: string;
  /** Left out where there is one call. */
  readonly between?: string;
  /** Before `close`. */
  readonly last?: string;
  /** A call of a tool, in Lark. */
  readonly call?: (tool: Tool, options: GrammarOptions) => string;
  /** As in `CallsForm`. */
  readonly answer?: (options: GrammarOptions) => string;
}

export function jsonListFormat(list: JsonList): ChatFormat {
  const { name, open, close, tags = [], reasoning = thinkTags, keys = usualKeys } = list;
  const ends = close === undefined ? [] : [close];
  const markers = [open, ...(list.alsoOpen ?? [])];
  return {
    name,
    markers: [...(list.markers ?? [...markers, ...ends]), ...tags, reasoning.open, reasoning.close],
    matches: list.matches,
    parser: ({ prompted, tools }) =>
      parserOf(function* (reader) {
        yield* readReasoning(reader, prompted, reasoning);
        yield* readCalls(reader, {
          markers: tools.length > 0 ? markers : [],
          tags,
          read: () => readList(reader, keys, ends),
        });
      }),
    grammar: (options) => grammarOf(list, options),
    ...(keys === usualKeys ? { callsText: (calls) => callsText(list, calls) } : {}),
  };
}

/** Reads one object or several, in brackets or not. */
export function* readList(
  reader: Reader,
  keys: CallKeys,
  ends: readonly string[],
): Reading<boolean> {
  yield* reader.space();
  const isList = (yield* reader.take("[")) !== undefined;
  if (!(yield* readObject(reader, keys))) return false;
  for (;;) {
    yield* reader.space();
    yield* reader.take(",");
    yield* reader.space();
    if (!(yield* reader.sees("{"))) break;
    reader.keep();
    if (!(yield* readObject(reader, keys))) reader.giveBack();
  }
  if (isList) yield* reader.take("]");
  yield* reader.space();
  yield* reader.take(...ends);
  return true;
}

function* readObject(reader: Reader, keys: CallKeys): Reading<boolean> {
  yield* reader.space();
  return yield* jsonCall(reader, keys);
}

function callsText(list: JsonList, calls: readonly ToolCall[]): string {
  const { first = "", between = "", last = "" } = list.grammar;
  const written = calls.map(
    (call) => `{"name": ${JSON.stringify(call.name)}, "arguments": ${call.arguments}}`,
  );
  return `${list.open}${first}${written.join(between)}${last}${list.close ?? ""}`;
}

function grammarOf(list: JsonList, options: GrammarOptions): string | undefined {
  const { first = "", between, last = "", call = jsonCallRule, answer } = list.grammar;
  const close = list.close === undefined ? "" : spelled(list.close, list, options);
  const [marker = list.open] = partsOf(list.open, list.markers);
  const rest = spelled(list.open.slice(marker.length), list, options);
  return callsGrammar(options, {
    reasoning: list.reasoning ?? thinkTags,
    marker,
    first: `${rest} ${literal(first)}`,
    call: (tool) => call(tool, options),
    between: between === undefined ? undefined : lark(between),
    last: `${literal(last)} ${close}`,
    answer: answer?.(options),
  });
}

const literal = (text: string): string => (text === "" ? "" : lark(text));

/** A text with markers in it, in Lark. */
function spelled(text: string, { markers = [text] }: JsonList, options: GrammarOptions): string {
  return partsOf(text, markers)
    .map((part) => (markers.includes(part) ? options.marker(part) : literal(part)))
    .join(" ");
}

function partsOf(text: string, markers: readonly string[] = [text]): readonly string[] {
  const found = markers.find((marker) => marker !== "" && text.includes(marker));
  if (found === undefined) return text === "" ? [] : [text];
  const at = text.indexOf(found);
  const after = text.slice(at + found.length);
  return [...(at > 0 ? [text.slice(0, at)] : []), found, ...partsOf(after, markers)];
}
