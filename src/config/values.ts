/** Readers of single setting values. Each throws a RangeError whose message goes on after the setting's name. */
import { resolve } from "node:path";

/** Reads a value from text. `folder` is what relative paths start from. */
export type ReadValue<T> = (text: string, folder: string) => T;

export function wholeNumber(min: number, max: number): ReadValue<number> {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    throw new RangeError(`must be a whole number from ${min} to ${max}, not ${quote(text)}`);
  };
}

export function oneOf<const T extends string>(...values: readonly T[]): ReadValue<T> {
  return (text) => {
    const found = values.find((value) => value === text);
    if (found !== undefined) return found;
    throw new RangeError(`must be one of ${values.join(", ")}, not ${quote(text)}`);
  };
}

/** Any text but the empty one. */
export const nonEmpty: ReadValue<string> = (text) => {
  if (text !== "") return text;
  throw new RangeError("must not be empty");
};

/** A path, made absolute. Whether something lies there is for the reader of the file to say. */
export const path: ReadValue<string> = (text, folder) => resolve(folder, nonEmpty(text, folder));

/** Quotes what was given, cut short: a mistake in a value must not fill the terminal. */
function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
