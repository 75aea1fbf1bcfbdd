/** Readers of flag values, as commander calls them. Each throws an InvalidArgumentError that says what is valid. */
import { InvalidArgumentError } from "commander";

/** Keeps every value of a repeated flag. */
export function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

export function number(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("It must be a number.");
}

/** A whole number that the contract's uint32 can carry. */
export function count(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value <= 0xffff_ffff) return value;
  throw new InvalidArgumentError("It must be a whole number from 0 to 4294967295.");
}
