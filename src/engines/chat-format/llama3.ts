/**
 * A JSON object of name and parameters in place of an answer, as Llama 3 writes it. Its built-in tools come after
 * `<|python_tag|>`: `name.call(key="value")`, or code.
 */
import type { ChatFormat, ParserOptions } from "./format.ts";
import { callRules, jsonCallRule } from "./grammar.ts";
import { type CallKeys, jsonCall } from "./json-call.ts";
import { escapedInto } from "./json-text.ts";
import { jsonValue } from "./json.ts";
import { parserOf, type Reader, type Reading } from "./reader.ts";

const tag = "<|python_tag|>";
/** Tools that take code, if one of them is offered. */
const codeTools = ["python", "ipython", "code_interpreter"];

export const llama3: ChatFormat = {
  name: "llama-3",
  markers: [tag],
  matches: ({ calls }) => /^[^{]*\{"name":\s*"first",\s*"parameters":/.test(calls),
  parser: ({ tools }) =>
    parserOf(function* (reader) {
      if (tools.length > 0) yield* readInstead(reader, tools);
    }),
  grammar: (options) => {
    const rules = callRules(options, (tool) => jsonCallRule(tool, options, ["name", "parameters"]));
    if (rules === undefined) return undefined;
    const call = `${options.marker(tag)}? call`;
    const isFree = options.choice.kind === "auto";
    return [`start: ${isFree ? `REST | ${call}` : call}`, ...rules, `REST: ${text}`].join("\n");
  },
};

/** What begins as a call does is one. */
const text = '/(.|\\n)*/ & ~/[ \\t\\n]*\\{[ \\t\\n]*"name"(.|\\n)*/';

/** Calls, or nothing: then all is content. */
function* readInstead(reader: Reader, tools: ParserOptions["tools"]): Reading {
  const names = tools.map(({ name }) => name);
  const keys: CallKeys = {
    name: ["name"],
    arguments: ["parameters", "arguments"],
    other: ["type"],
    names,
  };
  reader.keep();
  yield* reader.space();
  const isTagged = (yield* reader.take(tag)) !== undefined;
  if (yield* reader.sees("{")) yield* readObjects(reader, keys);
  else if (!isTagged || !(yield* readTagged(reader, names))) reader.giveBack();
}

function* readObjects(reader: Reader, keys: CallKeys): Reading {
  while (yield* jsonCall(reader, keys)) {
    reader.keep();
    yield* reader.while(/[\s;,]/, () => undefined);
    if ((yield* reader.peek()) === undefined) reader.drop();
    yield* reader.take(tag);
    if (!(yield* reader.sees("{"))) break;
  }
  reader.giveBack();
}

/** What stands after the tag, unless it is an object. */
function* readTagged(reader: Reader, names: readonly string[]): Reading<boolean> {
  const name = yield* reader.text((give) => reader.while(/[\w.-]/, give));
  const method = ".call";
  const tool = name.endsWith(method) ? name.slice(0, -method.length) : undefined;
  if (tool !== undefined && names.includes(tool) && (yield* reader.take("(")) !== undefined) {
    reader.call(tool);
    yield* readPairs(reader);
    return true;
  }
  const code = codeTools.find((one) => names.includes(one));
  if (code === undefined) return false;
  reader.call(code);
  yield* readCode(reader, name);
  return true;
}

/** `key="value", other=1)` */
function* readPairs(reader: Reader): Reading {
  reader.arguments("{");
  for (let before = ""; ; before = ", ") {
    yield* reader.while(/[\s,]/, () => undefined);
    const key = yield* reader.text((give) => reader.while(/\w/, give));
    if (key === "" || (yield* reader.take("=")) === undefined) break;
    reader.arguments(`${before}${JSON.stringify(key)}: `);
    if (!(yield* jsonValue(reader, reader.arguments))) return;
  }
  if ((yield* reader.take(")")) !== undefined) reader.arguments("}");
}

export function* readCode(reader: Reader, before: string, ends: readonly string[] = []): Reading {
  const give = escapedInto(reader.arguments);
  reader.arguments('{"code": "');
  give(before);
  yield* reader.until([], give, ends);
  reader.arguments('"}');
}
