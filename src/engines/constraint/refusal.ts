/** Why a constraint is refused, for its caller: its compiler's words, with the field and the keyword's place. */
import { ServeError } from "../../base/errors.ts";
import type { Constraint } from "../jobs.ts";
import { fieldOf } from "./grammar.ts";
import { pathOfKeyword } from "./schema-path.ts";

/** A refusal of our own. */
export const tooCostly = "it takes too long to compile; make it simpler";
const longest = 300;

/** The keyword in what llguidance says that it does not enforce. */
const unsupported: readonly RegExp[] = [
  /Unimplemented keys: \["([^"]+)"/,
  /^(oneOf) constraints are not supported/,
  /Unknown (format):/,
  /(pattern)\b.*not supported/,
];

/** What our own reader of GBNF says. */
const unsupportedSyntax = /^(line \d+, column \d+): (.+) are not supported/;

export function refusalOf(said: string, constraint: Constraint): ServeError {
  const field = fieldOf(constraint);
  const text = said.replaceAll(/\s+/g, " ").trim().slice(0, longest);
  const [, place, syntax] = unsupportedSyntax.exec(said) ?? [];
  if (constraint.kind === "grammar" && place !== undefined && syntax !== undefined) {
    const facts = { keyword: syntax, path: place };
    return new ServeError("CONSTRAINT_UNSUPPORTED", `${field}: ${text}`, { facts });
  }
  const keyword = unsupported.map((pattern) => pattern.exec(said)?.[1]).find(Boolean);
  if (keyword === undefined || constraint.kind !== "json_schema") {
    const description = text === tooCostly ? text : `cannot be compiled: ${text}`;
    return new ServeError("CONSTRAINT_INVALID", `${field}: ${description}`, {
      violations: [{ field, reason: "MALFORMED", description }],
    });
  }
  const path = pathOfKeyword(constraint.schema, keyword);
  const message = `${field}: the keyword ${keyword} at ${path} cannot be enforced; leave it out, or say the same with others`;
  return new ServeError("CONSTRAINT_UNSUPPORTED", message, { facts: { keyword, path } });
}
