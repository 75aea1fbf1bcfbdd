/** Describes what is wrong with a manifest, for its author: field by field, all at once. */
import { Ajv } from "ajv";
import type { ErrorObject } from "ajv";
import { nearestName } from "../base/text.ts";
import { engineKind } from "../engines/engine-kind.ts";
import { manifestSchema } from "./manifest-schema.ts";
import type { KeySchema } from "./manifest-schema.ts";

export interface Problem {
  /** Keys from the top. */
  readonly path: readonly string[];
  /** Text that follows the field's name. */
  readonly message: string;
}

const ajv = new Ajv({
  allErrors: true,
  verbose: true,
  allowUnionTypes: true,
  validateSchema: false,
});
ajv.addVocabulary(["says", "defaultText", "elsewhere"]);
const validate = ajv.compile(manifestSchema);

/** Checks values from YAML or JSON. Empty if they are a valid manifest. */
export function problemsOf(values: unknown): readonly Problem[] {
  const errors = validate(values) ? [] : (validate.errors ?? []);
  const problems = [...errors.map(describe), ...missingTask(values)];
  // For a reader, a field breaks one rule: its type, range and pattern are one sentence.
  return [...new Map(problems.map((problem) => [problem.path.join("/"), problem])).values()];
}

/** A custom engine says itself what it can do. */
function missingTask(values: unknown): readonly Problem[] {
  if (typeof values !== "object" || values === null || Array.isArray(values)) return [];
  const { task, engine } = values as { readonly task?: unknown; readonly engine?: unknown };
  if (task !== undefined) return [];
  const isCustom = typeof engine === "string" && engineKind(engine) !== "built-in";
  return isCustom ? [] : [{ path: ["task"], message: "is missing" }];
}

function describe(error: ErrorObject): Problem {
  const path = error.instancePath.split("/").slice(1).map(unescapePointer);
  // With `verbose`, the schema that has the broken rule. All of ours have this shape.
  const schema = error.parentSchema as unknown as KeySchema;
  switch (error.keyword) {
    case "required":
      return { path: [...path, String(error.params["missingProperty"])], message: "is missing" };
    case "additionalProperties": {
      const key = String(error.params["additionalProperty"]);
      return {
        path: [...path, key],
        message: unknownKey(key, Object.keys(schema.properties ?? {})),
      };
    }
    default:
      return { path, message: `must be ${expectation(schema)}, not ${shown(error.data, schema)}` };
  }
}

/** Describes the valid values of a key. */
export function expectation(schema: KeySchema): string {
  const { says, type, exclusiveMinimum, minimum = 0, maximum = 0 } = schema;
  if (says !== undefined) return says;
  if (schema.enum !== undefined) return schema.enum.join(" or ");
  if (type === "integer") return `a whole number from ${minimum} to ${maximum}`;
  if (type === "boolean") return "true or false";
  if (type === "object") return "keys and values";
  if (exclusiveMinimum !== undefined) return `above ${exclusiveMinimum} and at most ${maximum}`;
  return type === "number" ? `from ${minimum} to ${maximum}` : "text";
}

function shown(value: unknown, schema: KeySchema): string {
  const isList = typeof value === "object" && value !== null;
  const written = isList
    ? Array.isArray(value)
      ? "a list"
      : "keys and values"
    : JSON.stringify(value);
  const cut = written.length > 60 ? `${written.slice(0, 60)}…` : written;
  const isTextUnquoted = schema.type === "string" && typeof value === "number";
  return isTextUnquoted ? `the number ${cut}; put it in quotes` : cut;
}

function unknownKey(key: string, known: readonly string[]): string {
  const nearest = nearestName(key, known);
  return `is not known${nearest === undefined ? `; there are ${known.join(", ")}` : `; did you mean ${nearest}?`}`;
}

const unescapePointer = (part: string): string => part.replaceAll("~1", "/").replaceAll("~0", "~");
