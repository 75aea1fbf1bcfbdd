/** Tagged calls as a grammar. Arguments come in the order of the schema, as in the grammars of JSON Schemas. */
import type { Tool } from "../../jobs.ts";
import type { GrammarOptions } from "../format.ts";
import { Spelling } from "../spelling.ts";
import { ValueSchema } from "./schema-types.ts";
import type { Tags } from "./tags.ts";
import { isText } from "./values.ts";

/** White space between tags. */
const space = "/[ \\t\\n]{0,4}/";

/** Rules for the calls of some tools: `call_0` and so on. The first tag of a call stands before its rule. */
export class TaggedRules {
  readonly #tags: Tags;
  readonly #options: GrammarOptions;
  readonly #spelling: Spelling;

  constructor(tags: Tags, options: GrammarOptions, markers: readonly string[]) {
    this.#tags = tags;
    this.#options = options;
    this.#spelling = new Spelling(options, markers);
  }

  call(tool: Tool): string {
    const { nameEnd, callOpen, callAttributes = "", callEnd } = this.#tags;
    const name = this.#literal(`${tool.name}${nameEnd}`);
    const opened = callOpen === undefined ? [] : [callAttributes, this.#literal(callOpen)];
    return [name, ...opened, this.#arguments(tool), space, this.#literal(callEnd)].join(" ");
  }

  /** Rules that calls refer to. */
  shared(): readonly string[] {
    const { key, keyEnd, value, valueEnd, inLines } = this.#tags;
    const end = inLines === true ? `\n${valueEnd}` : valueEnd;
    const attributes = this.#attributes(ValueSchema.any);
    const name = /^[\s"]/.test(keyEnd) || keyEnd === ">" ? "/[\\w.-]+/" : "/[^<>\\n]+/";
    return [
      this.#spelling.until("text_value", end),
      `any_argument: ${this.#literal(key)} ${name} ${this.#literal(keyEnd)} ${attributes} ${this.#literal(value)} ${this.#newline} text_value`,
    ];
  }

  #arguments(tool: Tool): string {
    const schema = ValueSchema.ofTool(tool);
    const { properties } = schema;
    if (properties === undefined) return `(${space} any_argument)*`;
    return properties
      .map(({ name, required }) => {
        const rule = `${space} ${this.#argument(tool, name, schema.property(name))}`;
        return required ? rule : `(${rule})?`;
      })
      .join(" ");
  }

  #argument(tool: Tool, name: string, schema: ValueSchema): string {
    const { key, keyEnd, value } = this.#tags;
    const parts = [this.#literal(`${key}${name}${keyEnd}`), this.#attributes(schema)];
    return [...parts, this.#literal(value), this.#newline, this.#value(tool, schema)].join(" ");
  }

  #attributes(schema: ValueSchema): string {
    const { keyAttributes } = this.#tags;
    if (this.#tags.value === "") return "";
    return keyAttributes === undefined ? space : this.#literal(keyAttributes(schema));
  }

  #value(tool: Tool, schema: ValueSchema): string {
    const end = this.#literal(`${this.#tags.inLines === true ? "\n" : ""}${this.#tags.valueEnd}`);
    const { texts } = schema;
    if (texts !== undefined)
      return `(${texts.map((text) => this.#literal(text)).join(" | ")}) ${end}`;
    if (isText(schema) || schema.types.has("string")) return "text_value";
    return `${this.#options.json({ ...tool, parameters: schema.text })} ${end}`;
  }

  get #newline(): string {
    return this.#tags.inLines === true ? this.#literal("\n") : "";
  }

  #literal(text: string): string {
    return text === "" ? "" : this.#spelling.literal(text);
  }
}
