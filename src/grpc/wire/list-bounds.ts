/**
 * Which lists a request may hold, and how long they may be: from the rules of its fields, by the field
 * numbers of its descriptor. So each bound is stated once, and a new list cannot be forgotten.
 */
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { pathOf, protoName } from "../../contract/validation/messages.ts";
import type { Rule } from "../../contract/validation/rule.ts";
import type { Bound, Bounds } from "./list-counts.ts";
import { structBound } from "./struct-bound.ts";

/** The bounds of a message. Throws for a list that no rule bounds, or whose items cannot be counted as they stand on the wire. */
export function boundsOf(rule: Rule<never>, message: DescMessage, at = ""): Bounds {
  const bounds = fieldRules(rule).flatMap(([name, inner]) => {
    const field = message.fields.find((each) => each.name === protoName(name));
    if (field === undefined) throw new Error(`bug: ${message.typeName} has no field ${name}`);
    const bound = boundOf(inner, field, pathOf(at, name));
    return bound === undefined ? [] : [[field.number, bound] as const];
  });
  return Object.fromEntries(bounds);
}

/** A message's fields: those of a oneof lie in the message itself. */
function fieldRules({ fields = {} }: Rule<never>): readonly (readonly [string, Rule<never>])[] {
  return Object.entries(fields).flatMap(([name, rule]) =>
    rule.inline ? fieldRules(rule) : [[name, rule] as const],
  );
}

/** Undefined for a field that holds no list. */
function boundOf(rule: Rule<never>, field: DescField, name: string): Bound | undefined {
  if (field.message?.typeName === "google.protobuf.Struct") return structBound(name);
  const isList = field.fieldKind === "list" || field.fieldKind === "map";
  if (isList && rule.maxItems === undefined)
    throw new Error(`bug: nothing bounds the list ${name}`);
  const inner = field.message && rule.fields ? boundsOf(rule, field.message, name) : {};
  const inside = Object.keys(inner).length === 0 ? {} : { inside: inner };
  if (rule.maxItems !== undefined) {
    return { name, max: rule.maxItems, ...inside, ...(isPacked(field) && { varints: true }) };
  }
  return "inside" in inside ? { name, ...inside } : undefined;
}

const fixedWidth: ReadonlySet<ScalarType> = new Set([
  ScalarType.DOUBLE,
  ScalarType.FLOAT,
  ScalarType.FIXED32,
  ScalarType.FIXED64,
  ScalarType.SFIXED32,
  ScalarType.SFIXED64,
]);

/** Whether any number of a list's items may come in one piece, as varints. */
function isPacked(field: DescField): boolean {
  if (field.fieldKind !== "list" || field.listKind === "message") return false;
  if (field.listKind === "enum") return true;
  const { scalar } = field;
  if (fixedWidth.has(scalar)) throw new Error(`bug: nothing counts the items of ${field.name}`);
  return scalar !== ScalarType.STRING && scalar !== ScalarType.BYTES;
}
