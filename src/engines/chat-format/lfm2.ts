/** `<|tool_call_start|>[name(key=value)]<|tool_call_end|>`, as LFM2 writes it: calls of Python. */
import type { Tool } from "../jobs.ts";
import { readCalls } from "./calls.ts";
import type { ChatFormat, GrammarOptions } from "./format.ts";
import { callsGrammar, lark } from "./grammar.ts";
import { parserOf, type Reader, type Reading } from "./reader.ts";
import { readReasoning, thinkTags } from "./reasoning.ts";
import { RuleList } from "./rule-list.ts";
import { jsonOfLiteral } from "./tagged/python-literal.ts";
import { ValueSchema } from "./tagged/schema-types.ts";
import { quoted } from "./tagged/values.ts";

const open = "<|tool_call_start|>";
const close = "<|tool_call_end|>";

export const lfm2: ChatFormat = {
  name: "lfm2",
  markers: [open, close, thinkTags.open, thinkTags.close],
  matches: ({ calls, source }) =>
    /<\|tool_call_start\|>\[first\(a=1\)/.test(calls) ||
    source.includes("<|tool_list_start|>") ||
    source.includes("List of tools: ["),
  parser: ({ prompted, tools }) =>
    parserOf(function* (reader) {
      yield* readReasoning(reader, prompted);
      if (tools.length > 0) yield* readCalls(reader, { markers: [open], read });
    }),
  grammar: grammarOf,
};

function grammarOf(options: GrammarOptions): string | undefined {
  const rules = new RuleList();
  const grammar = callsGrammar(options, {
    reasoning: thinkTags,
    marker: open,
    first: lark("["),
    call: (tool) => callRule(tool, options, rules),
    between: lark(", "),
    last: `"]" ${options.marker(close)}`,
  });
  return grammar === undefined ? undefined : [grammar, ...rules.rules].join("\n");
}

function* read(reader: Reader): Reading<boolean> {
  yield* reader.space();
  if ((yield* reader.take("[")) === undefined) return false;
  for (let called = false; ; called = true) {
    yield* reader.space();
    yield* reader.take(",");
    yield* reader.space();
    const name = yield* reader.text((give) => reader.while(/[\w.-]/, give));
    if (name === "" || (yield* reader.take("(")) === undefined) {
      if (called) yield* reader.until([close], () => undefined);
      return called;
    }
    reader.call(name);
    if (!(yield* readArguments(reader))) return true;
  }
}

/** False: the text has ended, or is no list of arguments. */
function* readArguments(reader: Reader): Reading<boolean> {
  reader.arguments("{");
  for (let before = ""; ; before = ",") {
    yield* reader.space();
    if ((yield* reader.take(")")) !== undefined) break;
    if (before !== "" && (yield* reader.take(",")) === undefined) return false;
    yield* reader.space();
    const key = yield* reader.text((give) => reader.while(/[\w.-]/, give));
    yield* reader.space();
    if (key === "" || (yield* reader.take("=")) === undefined) return false;
    reader.arguments(`${before}${quoted(key)}:`);
    const value = yield* readValue(reader);
    if (value === undefined) return false;
    reader.arguments(value);
  }
  reader.arguments("}");
  return true;
}

/** A value as JSON, up to the comma or the bracket after it. */
function* readValue(reader: Reader): Reading<string | undefined> {
  const value = new Value();
  const parts: string[] = [];
  while (!value.isWhole) {
    const more = yield* reader.some((text) => {
      const length = value.lengthIn(text);
      parts.push(text.slice(0, length));
      return length;
    });
    if (!more) return undefined;
  }
  const text = parts.join("").trim();
  return jsonOfLiteral(text) ?? quoted(text);
}

/**
 * Where a value ends: at a comma or a closing bracket that is not within it. Some templates do not escape quotes: one
 * closes a string only where the value may end, or go on, after it.
 */
class Value {
  #brackets = 0;
  #quote = "";
  #isEscaped = false;
  #mayBeClosed = false;
  isWhole = false;

  lengthIn(text: string): number {
    for (let at = 0; at < text.length; at += 1) {
      this.#take(text.charAt(at));
      if (this.isWhole) return at;
    }
    return text.length;
  }

  #take(character: string): void {
    if (this.#mayBeClosed && !/\s/.test(character)) {
      this.#mayBeClosed = false;
      if (",)]}:".includes(character)) this.#quote = "";
    }
    if (this.#quote !== "") this.#takeInString(character);
    else if (character === "'" || character === '"') this.#quote = character;
    else if ("([{".includes(character)) this.#brackets += 1;
    else if (this.#brackets === 0) this.isWhole = ",)".includes(character);
    else if (")]}".includes(character)) this.#brackets -= 1;
  }

  #takeInString(character: string): void {
    if (!this.#isEscaped && character === this.#quote) this.#mayBeClosed = true;
    this.#isEscaped = !this.#isEscaped && character === "\\";
  }
}

/** A string of Python, between the quotes that JSON has not. */
const quotedText = String.raw`/'([^'\\\n]|\\['"\\nrt])*'/`;

/** Values are JSON, which models read and write there as well; arguments come in the order of the schema. */
function callRule(tool: Tool, options: GrammarOptions, rules: RuleList): string {
  const schema = ValueSchema.ofTool(tool);
  const items = (schema.properties ?? []).map(({ name, required }) => {
    const { text, isPlainText } = schema.property(name);
    const json = options.json({ ...tool, parameters: text });
    return {
      rule: `${lark(`${name}=`)} (${json}${isPlainText ? ` | ${quotedText}` : ""})`,
      required,
    };
  });
  return `${lark(`${tool.name}(`)} ${rules.list(items, lark(", "))} ")"`;
}
