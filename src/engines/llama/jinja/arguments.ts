import { TemplateFault, typeOf } from "./values.ts";
import type { Arguments, Value } from "./values.ts";

/** An argument by its position or its name. Undefined if it is not given. */
export function argument(args: Arguments, place: number, name = ""): Value {
  return place < args.positional.length ? args.positional[place] : args.named.get(name);
}

/** A text among the arguments. Undefined for none, or Python's None. */
export function textArgument(args: Arguments, place: number, name = ""): string | undefined {
  const value = argument(args, place, name);
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return value;
  throw new TemplateFault(`a str is needed, not '${typeOf(value)}'`);
}

/** A required text. */
export function neededText(args: Arguments, place: number, name = ""): string {
  const text = textArgument(args, place, name);
  if (text === undefined) throw new TemplateFault("an argument is missing");
  return text;
}

export function numberArgument(args: Arguments, place: number, name = ""): number | undefined {
  const value = argument(args, place, name);
  if (value === undefined || value === null) return undefined;
  if (typeof value === "number") return value;
  throw new TemplateFault(`an int is needed, not '${typeOf(value)}'`);
}
