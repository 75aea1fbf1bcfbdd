/**
 * Calls as MiniMax M3 writes them: an argument's name is its tag, and values in values are tags in tags. Every tag of
 * a call has a marker before it.
 */
import type { Tool } from "../../jobs.ts";
import { readCalls } from "../calls.ts";
import type { ChatFormat, GrammarOptions } from "../format.ts";
import { callsGrammar } from "../grammar.ts";
import { type Give, parserOf, type Reader, type Reading } from "../reader.ts";
import { readReasoning } from "../reasoning.ts";
import { Spelling } from "../spelling.ts";
import { NestedRules } from "./minimax-m3-grammar.ts";
import { ValueSchema } from "./schema-types.ts";
import { inString, isText, jsonOf, quoted } from "./values.ts";

const mark = "]<]minimax[>[";
const reasoning = { open: "<mm:think>", close: "</mm:think>", closedAlone: true };
const section = { open: `${mark}<tool_call>`, close: `${mark}</tool_call>` };
const invoke = { open: `${mark}<invoke name="`, close: `${mark}</invoke>` };
const deepest = 64;

export const minimaxM3: ChatFormat = {
  name: "minimax-m3",
  markers: [mark, "<tool_call>", "</tool_call>", reasoning.open, reasoning.close],
  matches: ({ calls }) => calls.includes(`${invoke.open}first"`),
  parser: ({ prompted, tools }) =>
    parserOf(function* (reader) {
      yield* readReasoning(reader, prompted, reasoning);
      if (tools.length === 0) return;
      yield* readCalls(reader, { markers: [section.open], read: () => read(reader, tools) });
    }),
  grammar: grammarOf,
};

function grammarOf(options: GrammarOptions): string | undefined {
  const spelling = new Spelling(options, minimaxM3.markers);
  const nested = new NestedRules(options, minimaxM3.markers, mark);
  const next = spelling.literal(invoke.open);
  const grammar = callsGrammar(
    { ...options, marker: (text) => spelling.literal(text) },
    {
      reasoning,
      marker: section.open,
      first: `space ${next}`,
      call: (tool) =>
        `${JSON.stringify(`${tool.name}">`)} ${nested.arguments(tool)} space ${spelling.literal(invoke.close)}`,
      between: `space ${next}`,
      last: `space ${spelling.literal(section.close)}`,
    },
  );
  return grammar === undefined ? undefined : [grammar, ...nested.rules].join("\n");
}

function* read(reader: Reader, tools: readonly Tool[]): Reading<boolean> {
  for (let called = false; ; called = true) {
    yield* reader.space();
    if ((yield* reader.take(invoke.open, section.close)) !== invoke.open) return called;
    const name = yield* reader.text((give) => reader.until(['">'], give));
    if ((yield* reader.peek()) === undefined) return called;
    reader.call(name);
    const tool = tools.find((one) => one.name === name);
    const schema = tool === undefined ? ValueSchema.any : ValueSchema.ofTool(tool);
    yield* readMembers(reader, { give: reader.arguments, schema, depth: deepest });
    yield* reader.space();
    yield* reader.take(invoke.close);
  }
}

interface Place {
  readonly give: Give;
  readonly schema: ValueSchema;
  readonly depth: number;
}

/** Gives tags as the members of an object, up to a closing tag. */
function* readMembers(reader: Reader, { give, schema, depth }: Place): Reading<boolean> {
  give("{");
  for (let before = ""; ; before = ",") {
    const tag = yield* openTag(reader);
    if (tag === undefined) break;
    give(`${before}${quoted(tag)}:`);
    if (!(yield* readElement(reader, tag, { give, schema: schema.property(tag), depth }))) {
      return false;
    }
  }
  if ((yield* reader.peek()) === undefined) return false;
  give("}");
  return true;
}

function* readItems(reader: Reader, { give, schema, depth }: Place): Reading<boolean> {
  give("[");
  for (let before = ""; (yield* openTag(reader, "item")) !== undefined; before = ",") {
    give(before);
    if (!(yield* readElement(reader, "item", { give, schema: schema.items, depth }))) return false;
  }
  if ((yield* reader.peek()) === undefined) return false;
  give("]");
  return true;
}

/** Takes an opening tag and gives its name; undefined where a closing one stands. */
function* openTag(reader: Reader, name?: string): Reading<string | undefined> {
  yield* reader.space();
  if (yield* reader.sees(`${mark}</`)) return undefined;
  if ((yield* reader.take(`${mark}<${name === undefined ? "" : `${name}>`}`)) === undefined) {
    return undefined;
  }
  return name ?? (yield* reader.text((give) => reader.until([">"], give)));
}

/** Gives a value, and takes its closing tag. False: the text has ended before. */
function* readElement(reader: Reader, tag: string, place: Place): Reading<boolean> {
  const close = `${mark}</${tag}>`;
  const nested = yield* nestedReader(reader, place);
  if (nested === undefined) return yield* readText(reader, close, place);
  const isWhole = yield* nested(reader, { ...place, depth: place.depth - 1 });
  return isWhole && (yield* closed(reader, close));
}

/** How a value's tags are read; undefined where it has none, or must be text. */
function* nestedReader(
  reader: Reader,
  { schema, depth }: Place,
): Reading<typeof readItems | undefined> {
  const { types } = schema;
  // A union with a string is a string, whatever it looks like. Of what nothing is said, anything may be.
  if (depth === 0 || (types.has("string") && !schema.isOpen)) return undefined;
  if (types.has("array") && (yield* seesItem(reader))) return readItems;
  return types.has("object") && (yield* seesTag(reader)) ? readMembers : undefined;
}

function* readText(reader: Reader, close: string, { give, schema }: Place): Reading<boolean> {
  if (isText(schema)) {
    give('"');
    const isWhole = (yield* reader.until([close], (text) => give(inString(text)))) !== undefined;
    if (isWhole) give('"');
    return isWhole;
  }
  const parts: string[] = [];
  if ((yield* reader.until([close], (text) => parts.push(text))) === undefined) return false;
  give(emptyOf(parts.join(""), schema) ?? jsonOf(parts.join(""), schema));
  return true;
}

/** What no tags at all mean. */
function emptyOf(text: string, { types }: ValueSchema): string | undefined {
  if (text.trim() !== "" || types.has("string")) return undefined;
  if (types.has("object")) return "{}";
  return types.has("array") ? "[]" : undefined;
}

function* seesItem(reader: Reader): Reading<boolean> {
  return yield* reader.sees(`${mark}<item>`);
}

function* seesTag(reader: Reader): Reading<boolean> {
  return (yield* reader.sees(`${mark}<`)) && !(yield* reader.sees(`${mark}</`));
}

function* closed(reader: Reader, close: string): Reading<boolean> {
  yield* reader.space();
  return (yield* reader.take(close)) !== undefined;
}
