/**
 * Gemma 4's calls as a grammar. Its values are not JSON, so that of a schema only the types, the members and the texts
 * of an enumeration are held to. Members come sorted, as its chat template writes them.
 */
import type { Tool } from "../jobs.ts";
import type { GrammarOptions } from "./format.ts";
import { callsGrammar, lark } from "./grammar.ts";
import type { ReasoningTags } from "./reasoning.ts";
import { RuleList } from "./rule-list.ts";
import { type JsonType, ValueSchema } from "./tagged/schema-types.ts";

export interface GemmaMarkers {
  readonly call: string;
  readonly callEnd: string;
  readonly quote: string;
  readonly thought: ReasoningTags;
}

/** Members of members that are told apart. */
const deepest = 8;

export function gemmaGrammar(options: GrammarOptions, markers: GemmaMarkers): string | undefined {
  const { call, callEnd, quote, thought } = markers;
  const values = new GemmaValues(options.marker(quote));
  const end = options.marker(callEnd);
  const grammar = callsGrammar(
    {
      ...options,
      marker: (text) => (text === thought.open ? openRule(options, text) : options.marker(text)),
    },
    {
      reasoning: thought,
      marker: call,
      call: (tool) => `${lark(`call:${tool.name}`)} ${values.arguments(tool)}`,
      between: `${end} ${options.marker(call)}`,
      last: end,
    },
  );
  return grammar === undefined ? undefined : [grammar, ...values.rules].join("\n");
}

/** The channel's name is no part of the control token. */
function openRule(options: GrammarOptions, open: string): string {
  const name = "thought";
  return `${options.marker(open.slice(0, -name.length))} ${lark(name)}`;
}

class GemmaValues {
  readonly #quote: string;
  readonly #made = new RuleList();

  constructor(quote: string) {
    this.#quote = quote;
  }

  arguments(tool: Tool): string {
    return this.#object(ValueSchema.ofTool(tool), deepest);
  }

  get rules(): readonly string[] {
    const text = this.#quote.startsWith("<[") ? "/(.|\\n)*/" : "/[^<]*/";
    return [
      ...this.#made.rules,
      "any: string | number | boolean | null | array | object",
      `string: ${this.#quote} CHARACTERS ${this.#quote}`,
      `CHARACTERS: ${text}`,
      "number: /-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?/",
      'boolean: "true" | "false"',
      'null: "null"',
      'array: "[" (any ("," any)*)? "]"',
      'object: "{" (member ("," member)*)? "}"',
      'member: /[^:{}\\[\\],<]+/ ":" any',
    ];
  }

  #value(schema: ValueSchema, depth: number): string {
    const { texts, types } = schema;
    if (texts !== undefined)
      return `${this.#quote} (${texts.map(lark).join(" | ")}) ${this.#quote}`;
    if (schema.isOpen) return "any";
    return `(${[...types].map((type) => this.#typed(type, schema, depth)).join(" | ")})`;
  }

  #typed(type: JsonType, schema: ValueSchema, depth: number): string {
    if (depth > 0 && type === "object") return this.#object(schema, depth - 1);
    if (depth === 0 || type !== "array") return type;
    const item = this.#made.add(this.#value(schema.items, depth - 1));
    return `"[" (${item} ("," ${item})*)? "]"`;
  }

  #object(schema: ValueSchema, depth: number): string {
    const { properties } = schema;
    if (properties === undefined) return "object";
    const members = properties
      .toSorted((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1))
      .map(({ name, required }) => ({
        rule: `${lark(`${name}:`)} ${this.#value(schema.property(name), depth)}`,
        required,
      }));
    return `"{" ${this.#made.list(members, lark(","))} "}"`;
  }
}
