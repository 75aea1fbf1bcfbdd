/**
 * `<|tool_call>call:name{key:value}<tool_call|>`, as Gemma 4 writes it: like JSON, but keys are bare and strings stand
 * between `<|"|>`. Reasoning is in a channel named `thought`.
 */
import type { ChatFormat } from "./format.ts";
import { gemmaGrammar } from "./gemma4-grammar.ts";
import { type Give, parserOf, type Reader, type Reading } from "./reader.ts";
import { readReasoning, withoutLastSpace } from "./reasoning.ts";
import { jsonOfLiteral } from "./tagged/python-literal.ts";
import { inString, quoted } from "./tagged/values.ts";

const call = "<|tool_call>";
const callEnd = "<tool_call|>";
const quote = '<|"|>';
const thought = { open: "<|channel>thought", close: "<channel|>" };
const channel = "<|channel>";
const response = "<|tool_response>";
/** Values in values. */
const deepest = 64;

export const gemma4: ChatFormat = {
  name: "gemma4",
  markers: [call, callEnd, quote, channel, thought.close, response],
  matches: ({ calls }) => calls.includes(`${call}call:first{`),
  parser: ({ prompted, tools }) =>
    parserOf(function* (reader) {
      yield* readReasoning(reader, prompted, thought);
      const calls = tools.length > 0 ? [call] : [];
      for (;;) {
        const marks = [channel, thought.close, response, ...calls];
        const next = yield* reader.until(marks, reader.content);
        if (next === undefined) return;
        // A tool's answer is not the model's to write.
        if (next === response) return yield* skipped(reader);
        if (next === channel && (yield* reader.take("thought")) !== undefined) {
          yield* reader.space();
          const { give } = withoutLastSpace(reader.reasoning);
          yield* reader.until([thought.close], give);
        }
        if (next === call) yield* readCall(reader);
      }
    }),
  grammar: (options) => gemmaGrammar(options, { call, callEnd, quote, thought }),
};

function* readCall(reader: Reader): Reading {
  reader.keep(call);
  yield* reader.space();
  yield* reader.take("call:");
  const name = yield* reader.text((give) => reader.until([], give, ["{", callEnd]));
  if ((yield* reader.peek()) === undefined) {
    reader.giveBack();
    return;
  }
  reader.call(name.trim());
  if (yield* reader.sees("{")) yield* readValue(reader, reader.arguments, deepest);
  else reader.arguments("{}");
  yield* reader.until([callEnd], () => undefined);
}

/** Gives a value as JSON. False: the text has ended before it was whole, or it is none. */
function* readValue(reader: Reader, give: Give, depth: number): Reading<boolean> {
  if (depth === 0) return false;
  if ((yield* reader.take(quote)) !== undefined) {
    give('"');
    const isWhole = (yield* reader.until([quote], (text) => give(inString(text)))) !== undefined;
    if (isWhole) give('"');
    return isWhole;
  }
  if ((yield* reader.take("{")) !== undefined) {
    return yield* readItems(reader, { give, depth, open: "{", close: "}" });
  }
  if ((yield* reader.take("[")) !== undefined) {
    return yield* readItems(reader, { give, depth, open: "[", close: "]" });
  }
  const text = yield* reader.text((part) => reader.while(/[^,{}[\]<]/, part));
  if ((yield* reader.peek()) === undefined) return false;
  give(jsonOfLiteral(text.trim()) ?? quoted(text.trim()));
  return true;
}

interface Items {
  readonly give: Give;
  readonly depth: number;
  readonly open: string;
  readonly close: string;
}

function* readItems(reader: Reader, { give, depth, open, close }: Items): Reading<boolean> {
  give(open);
  for (let before = ""; ; before = ",") {
    yield* reader.space();
    if ((yield* reader.take(close)) !== undefined) break;
    if (before !== "" && (yield* reader.take(",")) === undefined) return false;
    yield* reader.space();
    if (open === "{") {
      const key = yield* keyOf(reader);
      if (key === undefined) return false;
      give(`${before}${quoted(key)}:`);
      yield* reader.space();
    } else give(before);
    if (!(yield* readValue(reader, give, depth - 1))) return false;
  }
  give(close);
  return true;
}

function* keyOf(reader: Reader): Reading<string | undefined> {
  const isQuoted = (yield* reader.take(quote)) !== undefined;
  const parts: string[] = [];
  const end = yield* reader.until(isQuoted ? [quote] : [":"], (text) => parts.push(text));
  if (isQuoted && end !== undefined) {
    yield* reader.space();
    yield* reader.take(":");
  }
  return end === undefined ? undefined : parts.join("").trim();
}

/** Reads to the end. */
function* skipped(reader: Reader): Reading {
  yield* reader.until([], () => undefined);
}
