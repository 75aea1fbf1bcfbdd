/** Readers of values of the flags of `inferd keys`, as commander calls them. */
import { InvalidArgumentError } from "commander";

const unitsMs: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A longer time is a typing mistake. */
const longestDays = 36_500;
const longestMs = longestDays * 86_400_000;

/** Milliseconds, from 0. */
export function duration(text: string): number {
  const [, count, unit = ""] = /^(\d+)([smhd])$/.exec(text) ?? [];
  if (count === undefined) {
    throw new InvalidArgumentError("It must be a number and s, m, h or d, such as 90d.");
  }
  const ms = Number(count) * (unitsMs[unit] ?? 0);
  if (ms <= longestMs) return ms;
  throw new InvalidArgumentError(`It must be at most ${longestDays}d: that is 100 years.`);
}

/** The same, but not 0: a key that has already expired is a mistake. */
export function lifetime(text: string): number {
  const ms = duration(text);
  if (ms > 0) return ms;
  throw new InvalidArgumentError("It must be more than 0, such as 90d.");
}

export function quota(text: string): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value >= 1) return value;
  throw new InvalidArgumentError("It must be a whole number from 1 to 999999999.");
}
