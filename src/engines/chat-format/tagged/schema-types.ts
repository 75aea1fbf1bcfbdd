/** Which types of JSON values a tool's schema allows for an argument. */
import type { Tool } from "../../jobs.ts";

export type JsonType = "string" | "number" | "boolean" | "null" | "object" | "array";
type Types = ReadonlySet<JsonType>;
type Fields = Readonly<Record<string, unknown>>;

const all: Types = new Set(["string", "number", "boolean", "null", "object", "array"]);
/** What restricts no value. */
const annotations = new Set(["type", "title", "description", "default", "examples"]);
/** References and alternatives are followed so deep; below, any type is allowed. */
const deepest = 16;

/** A value's schema with the document that it stands in. */
export class ValueSchema {
  readonly #root: unknown;
  readonly #schema: unknown;

  private constructor(root: unknown, schema: unknown) {
    this.#root = root;
    this.#schema = schema;
  }

  static ofTool({ parameters }: Tool): ValueSchema {
    const root = parsed(parameters);
    return new ValueSchema(root, root);
  }

  static readonly any = new ValueSchema({}, {});

  get types(): Types {
    return typesOf(this.#schema, this.#root, deepest);
  }

  /** The members that are named; undefined where any may come. */
  get properties(): readonly { readonly name: string; readonly required: boolean }[] | undefined {
    const schema = resolved(this.#schema, this.#root, deepest);
    const properties = isFields(schema) ? schema["properties"] : undefined;
    if (!isFields(schema) || !isFields(properties)) return undefined;
    const required: readonly unknown[] = [schema["required"] ?? []].flat();
    return Object.keys(properties).map((name) => ({ name, required: required.includes(name) }));
  }

  /** The texts that are allowed, where these are all. */
  get texts(): readonly string[] | undefined {
    const schema = resolved(this.#schema, this.#root, deepest);
    if (!isFields(schema)) return undefined;
    const some = Object.hasOwn(schema, "const") ? [schema["const"]] : schema["enum"];
    if (!Array.isArray(some) || some.length === 0) return undefined;
    const texts = some.filter((one) => typeof one === "string");
    return texts.length === some.length ? texts : undefined;
  }

  /** The schema as JSON, with what it refers to. */
  get text(): string {
    const schema = this.#schema;
    if (!isFields(schema) || !isFields(this.#root)) return JSON.stringify(schema ?? {});
    const { $defs, definitions } = this.#root;
    return JSON.stringify({
      ...schema,
      ...($defs === undefined ? {} : { $defs }),
      ...(definitions === undefined ? {} : { definitions }),
    });
  }

  /** Whether any string is allowed, and nothing else. */
  get isPlainText(): boolean {
    const schema = resolved(this.#schema, this.#root, deepest);
    if (!isFields(schema) || schema["type"] !== "string") return false;
    return Object.keys(schema).every((key) => annotations.has(key));
  }

  /** Whether any type is allowed. */
  get isOpen(): boolean {
    return this.types === all;
  }

  /** The same, where it allows other types as well. */
  ofType(type: JsonType): ValueSchema {
    const schema = resolved(this.#schema, this.#root, deepest);
    if (this.types.size === 1 || !isFields(schema)) return this;
    const isWhole = [schema["type"]].flat().includes("integer");
    const named = type === "number" && isWhole ? "integer" : type;
    return new ValueSchema(this.#root, { ...schema, type: named });
  }

  property(name: string): ValueSchema {
    return this.#part((schema) => {
      const { properties } = schema;
      if (isFields(properties) && Object.hasOwn(properties, name)) return properties[name];
      return schema["additionalProperties"];
    });
  }

  get items(): ValueSchema {
    return this.#part((schema) => schema["items"]);
  }

  #part(of: (schema: Fields) => unknown): ValueSchema {
    const schema = resolved(this.#schema, this.#root, deepest);
    return isFields(schema) ? new ValueSchema(this.#root, of(schema)) : ValueSchema.any;
  }
}

/** The type of a value that JSON.parse gave. */
export function typeOf(value: unknown): JsonType {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  const type = typeof value;
  return type === "string" || type === "number" || type === "boolean" ? type : "object";
}

function typesOf(from: unknown, root: unknown, depth: number): Types {
  const schema = resolved(from, root, depth);
  if (!isFields(schema) || depth === 0) return all;
  const { type, allOf } = schema;
  if (type !== undefined) return new Set([type].flat().flatMap(named));
  if (Array.isArray(schema["enum"])) return new Set(schema["enum"].map(typeOf));
  if (Object.hasOwn(schema, "const")) return new Set([typeOf(schema["const"])]);
  const either = schema["anyOf"] ?? schema["oneOf"];
  if (Array.isArray(either)) return union(either.map((one) => typesOf(one, root, depth - 1)));
  if (Array.isArray(allOf)) {
    return allOf.map((one) => typesOf(one, root, depth - 1)).reduce(intersection, all);
  }
  if (isFields(schema["properties"])) return new Set(["object"]);
  return isFields(schema["items"]) ? new Set(["array"]) : all;
}

function named(type: unknown): readonly JsonType[] {
  if (type === "integer") return ["number"];
  return [...all].filter((one) => one === type);
}

function union(sets: readonly Types[]): Types {
  return new Set(sets.flatMap((set) => [...set]));
}

function intersection(one: Types, other: Types): Types {
  return one.intersection(other);
}

/** Follows references within the document. */
function resolved(schema: unknown, root: unknown, depth: number): unknown {
  if (!isFields(schema) || typeof schema["$ref"] !== "string" || depth === 0) return schema;
  return resolved(pointed(root, schema["$ref"]), root, depth - 1);
}

function pointed(root: unknown, reference: string): unknown {
  if (!reference.startsWith("#")) return undefined;
  let at = root;
  for (const step of reference.slice(1).split("/").slice(1)) {
    const name = step.replaceAll("~1", "/").replaceAll("~0", "~");
    at = isFields(at) && Object.hasOwn(at, name) ? at[name] : undefined;
  }
  return at;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
