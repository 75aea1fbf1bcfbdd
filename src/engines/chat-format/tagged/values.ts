/** Arguments that models write without quotes, as JSON by their schema. */
import { jsonOfLiteral } from "./python-literal.ts";
import { typeOf, type ValueSchema } from "./schema-types.ts";

/** Whether a value is a string whatever it looks like: it need not be whole to be passed on. */
export function isText({ types }: ValueSchema): boolean {
  return types.size === 1 && types.has("string");
}

/** A value that is whole: JSON where it is of a type that the schema allows, else a string. */
export function jsonOf(text: string, { types }: ValueSchema): string {
  const whole = text.trim();
  const value = parsed(whole);
  if (value === undefined)
    return (types.has("string") ? undefined : jsonOfLiteral(whole)) ?? quoted(text);
  const type = typeOf(value.json);
  if (type === "string" ? !types.has("string") : types.has(type) || !types.has("string"))
    return whole;
  return quoted(text);
}

export function quoted(text: string): string {
  return `"${inString(text)}"`;
}

/** A part of a string, as it stands between the quotes. Halves of a character may come one by one. */
export function inString(text: string): string {
  return text.replace(/["\\\u0000-\u001f]/g, (character) => JSON.stringify(character).slice(1, -1));
}

function parsed(text: string): { readonly json: unknown } | undefined {
  try {
    return { json: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}
