/**
 * Functionary's formats: `<function=name>` with JSON in it, and, from 3.2 on, parts that each begin with `>>>` and a
 * recipient's name: `all` for the caller, else a tool. Both write Python code for the tool `python`.
 */
import { readCalls } from "./calls.ts";
import type { ChatFormat, GrammarOptions } from "./format.ts";
import { callRules, callsGrammar, lark } from "./grammar.ts";
import { jsonArguments } from "./json-call.ts";
import { readCode } from "./llama3.ts";
import { parserOf, type Reader, type Reading } from "./reader.ts";
import type { Tool } from "../jobs.ts";

const open = "<function=";
const close = "</function>";
const tag = "<|python_tag|>";
const next = ">>>";
const caller = "all";

export const functionary: ChatFormat = {
  name: "functionary",
  markers: [tag],
  matches: ({ calls }) => calls.includes(`${open}first>{`),
  parser: ({ tools }) =>
    parserOf(function* (reader) {
      const python = tools.find(({ name }) => name === "python");
      const markers = tools.length === 0 ? [] : [open, ...(python === undefined ? [] : [tag])];
      yield* readCalls(reader, { markers, read: (_, marker) => read(reader, marker) });
    }),
  grammar: (options) =>
    callsGrammar(options, {
      marker: open,
      call: (tool) => `${lark(`${tool.name}>`)} ${options.json(tool)} ${lark(close)}`,
      between: `space ${lark(open)}`,
    }),
};

export const functionaryParts: ChatFormat = {
  name: "functionary-3.2",
  markers: [],
  matches: ({ calls }) => calls.includes(`${next}first\n{`),
  parser: ({ prompted, tools }) =>
    parserOf(function* (reader) {
      const names = tools.map(({ name }) => name);
      let begins = prompted.endsWith(next);
      if (begins) reader.keep();
      do {
        if (begins) yield* readPart(reader, names);
        begins = true;
        yield* reader.until([], reader.content, [next]);
      } while ((yield* keepNext(reader)) !== undefined);
    }),
  grammar: partsGrammar,
};

function* read(reader: Reader, marker: string): Reading<boolean> {
  if (marker === tag) {
    reader.call("python");
    yield* readCode(reader, "");
    return true;
  }
  const name = yield* reader.text((give) => reader.while(/[\w.-]/, give));
  if (name === "" || (yield* reader.take(">")) === undefined) return false;
  reader.call(name);
  yield* jsonArguments(reader, reader.arguments);
  yield* reader.space();
  yield* reader.take(close);
  return true;
}

function* keepNext(reader: Reader): Reading<string | undefined> {
  reader.keep();
  return yield* reader.take(next);
}

/** A recipient and its line break; a call's arguments. What is no recipient is content. */
function* readPart(reader: Reader, names: readonly string[]): Reading {
  const name = yield* reader.text((give) => reader.while(/[\w.-]/, give));
  const isCall = names.includes(name);
  if ((!isCall && name !== caller) || (yield* reader.take("\n")) === undefined) reader.giveBack();
  else if (isCall) yield* readCall(reader, name);
  else reader.drop();
}

function* readCall(reader: Reader, name: string): Reading {
  reader.call(name);
  const isCode = name === "python" && !(yield* reader.sees("{"));
  if (isCode) yield* readCode(reader, "", [next]);
  else yield* jsonArguments(reader, reader.arguments);
  yield* reader.space();
}

function partsGrammar(options: GrammarOptions): string | undefined {
  const rules = callRules(
    options,
    (tool: Tool) => `${lark(`${tool.name}\n`)} ${options.json(tool)}`,
  );
  if (rules === undefined) return undefined;
  const { choice, parallel, prompted } = options;
  const more = parallel && choice.kind !== "named" ? `(${lark(next)} call)*` : "";
  const begins = prompted.endsWith(next);
  const free = begins ? "all REST | all next calls | calls" : "REST | next calls";
  const forced = begins ? "calls" : `${lark(next)} calls`;
  return [
    `start: ${choice.kind === "auto" ? free : forced}`,
    `calls: call ${more}`,
    ...rules,
    `all: ${lark(`${caller}\n`)}`,
    `next[lazy]: /(.|\\n)*${next}/`,
    `REST: /(.|\\n)*/ & ~/(.|\\n)*${next}(.|\\n)*/`,
  ].join("\n");
}
