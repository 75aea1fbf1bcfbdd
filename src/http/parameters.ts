/**
 * What becomes of each parameter of a body. One table a route: its bodies are checked by it, and the documentation
 * prints it.
 */
import { Ajv2020, type ErrorObject } from "ajv/dist/2020.js";
import { type FieldReason, ServeError, type Violation } from "../base/errors.ts";
import type { ParamOf } from "./errors.ts";

/** JSON Schema (2020-12). */
export type JsonSchema = Readonly<Record<string, unknown>>;

export type Parameter =
  /** Passed on as this field of the contract. */
  | { readonly schema: JsonSchema; readonly field: string; readonly required?: boolean }
  /** Has a meaning of its own here. */
  | { readonly schema: JsonSchema; readonly means: string; readonly required?: boolean }
  /** Accepted, and without effect. */
  | { readonly schema: JsonSchema; readonly ignored: string }
  /** Refused, but for a value that asks for nothing. */
  | { readonly schema: JsonSchema; readonly refused: string };

export type Parameters = Readonly<Record<string, Parameter>>;

const ajv = new Ajv2020({ allErrors: true, strict: false, validateFormats: false });

/** The schema of a body: what OpenAPI states. */
export function bodySchema(parameters: Parameters): JsonSchema {
  const all = Object.entries(parameters);
  return {
    type: "object",
    properties: Object.fromEntries(all.map(([name, { schema }]) => [name, schema])),
    required: all.filter(([, one]) => "required" in one && one.required).map(([name]) => name),
    additionalProperties: false,
  };
}

/** Checks bodies of a route. Throws one error that names every wrong parameter. */
export function checkBody(parameters: Parameters): (body: unknown) => object {
  const validate = ajv.compile(bodySchema(parameters));
  return (body) => {
    if (validate(body)) return body as object;
    const violations = (validate.errors ?? []).slice(0, mostViolations).map((error) => {
      return violationOf(error, parameters);
    });
    const unique = [...new Map(violations.map((one) => [one.field, one])).values()];
    throw new ServeError("FIELD_INVALID", "the body is wrong", { violations: unique });
  };
}

const mostViolations = 32;

function violationOf(error: ErrorObject, parameters: Parameters): Violation {
  const path = error.instancePath.split("/").slice(1);
  const named = (field: string, reason: FieldReason, description: string): Violation => ({
    field,
    reason,
    description,
  });
  if (error.keyword === "required") {
    const field = pathText([...path, String(error.params["missingProperty"])]);
    return named(field, "REQUIRED", "is missing");
  }
  if (error.keyword === "additionalProperties") {
    const field = pathText([...path, String(error.params["additionalProperty"])]);
    return named(field, "UNSUPPORTED", "is no parameter that this route knows");
  }
  const [top = ""] = path;
  const parameter = parameters[top];
  if (path.length === 1 && parameter !== undefined && "refused" in parameter) {
    return named(top, "UNSUPPORTED", `is not supported: ${parameter.refused}`);
  }
  return named(path.length === 0 ? "body" : pathText(path), "MALFORMED", saysOf(error));
}

/** Values are left out: they are the caller's. */
function saysOf({ keyword, params, message = "is wrong" }: ErrorObject): string {
  if (keyword === "enum") {
    const values = params["allowedValues"] as readonly unknown[];
    return `must be one of ${values.map((value) => JSON.stringify(value)).join(", ")}`;
  }
  return message;
}

function pathText(path: readonly string[]): string {
  const names = path.map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  return names.reduce((text, name) => {
    return /^\d+$/.test(name) ? `${text}[${name}]` : text === "" ? name : `${text}.${name}`;
  }, "");
}

/** The parameter that a field of the contract came from: the one with the longest beginning of its path. */
export function paramOf(parameters: Parameters): ParamOf {
  const fields = Object.entries(parameters)
    .flatMap(([name, one]) => ("field" in one ? [[one.field, name] as const] : []))
    .sort(([a], [b]) => b.length - a.length);
  return (field) => {
    const found = fields.find(
      ([own]) => field === own || (/^[.[]/.test(field.slice(own.length)) && field.startsWith(own)),
    );
    return found === undefined ? field : found[1] + field.slice(found[0].length);
  };
}
