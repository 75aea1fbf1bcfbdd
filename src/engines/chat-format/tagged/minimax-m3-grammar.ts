/** MiniMax M3's calls as a grammar: a value's tags follow its schema, and members come in the schema's order. */
import type { Tool } from "../../jobs.ts";
import type { GrammarOptions } from "../format.ts";
import { Spelling } from "../spelling.ts";
import { type JsonType, ValueSchema } from "./schema-types.ts";

/** Values in values that are told apart by tags; deeper ones are JSON. */
const deepest = 8;

export class NestedRules {
  readonly #options: GrammarOptions;
  readonly #spelling: Spelling;
  readonly #mark: string;
  readonly #texts = new Map<string, string>();

  constructor(options: GrammarOptions, markers: readonly string[], mark: string) {
    this.#options = options;
    this.#spelling = new Spelling(options, markers);
    this.#mark = mark;
  }

  arguments(tool: Tool): string {
    return this.#members(tool, ValueSchema.ofTool(tool), deepest);
  }

  /** Rules that `arguments` has referred to. */
  get rules(): readonly string[] {
    return [...this.#texts].map(([close, rule]) => this.#spelling.until(rule, close));
  }

  #members(tool: Tool, schema: ValueSchema, depth: number): string {
    return (schema.properties ?? [])
      .map(({ name, required }) => {
        const element = `space ${this.#element(name, { tool, schema: schema.property(name), depth })}`;
        return required ? element : `(${element})?`;
      })
      .join(" ");
  }

  #element(tag: string, place: Place): string {
    const close = `${this.#mark}</${tag}>`;
    return `${this.#spelling.literal(`${this.#mark}<${tag}>`)} ${this.#value(place, close)}`;
  }

  #value(place: Place, close: string): string {
    const { texts, types } = place.schema;
    const end = this.#spelling.literal(close);
    if (texts !== undefined) {
      return `(${texts.map((text) => this.#spelling.literal(text)).join(" | ")}) ${end}`;
    }
    if (types.has("string")) return this.#text(close);
    return `(${[...types].map((type) => this.#typed(type, place)).join(" | ")}) space ${end}`;
  }

  #typed(type: JsonType, { tool, schema, depth }: Place): string {
    const inner = { tool, schema: schema.items, depth: depth - 1 };
    if (depth > 0 && type === "array") return `(space ${this.#element("item", inner)})*`;
    const isTagged = depth > 0 && type === "object" && schema.properties !== undefined;
    if (isTagged) return `(${this.#members(tool, schema, depth - 1)})`;
    return this.#options.json({ ...tool, parameters: schema.ofType(type).text });
  }

  #text(close: string): string {
    const known = this.#texts.get(close) ?? `text_${this.#texts.size}`;
    this.#texts.set(close, known);
    return known;
  }
}

interface Place {
  readonly tool: Tool;
  readonly schema: ValueSchema;
  readonly depth: number;
}
