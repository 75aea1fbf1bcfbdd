/** Sets of characters, as ranges of code points in order: two numbers a range, both within it. */
import type { Source } from "./source.ts";

export type CharacterSet = readonly number[];

const last = 0x10ffff;
/** No text has a half of a surrogate pair, and llama.cpp takes no token with U+0000. */
const never: CharacterSet = [0, 0, 0xd800, 0xdfff];

export const anyCharacter: CharacterSet = complement(never);

export function contains(set: CharacterSet, character: number): boolean {
  return overlaps(set, character, character);
}

/** Whether it has a character from `low` to `high`. */
export function overlaps(set: CharacterSet, low: number, high: number): boolean {
  for (let at = 0; low <= high && at < set.length; at += 2) {
    if ((set[at] ?? 0) <= high && low <= (set[at + 1] ?? 0)) return true;
  }
  return false;
}

export function setOf(
  ranges: readonly (readonly [number, number])[],
  negated: boolean,
): CharacterSet {
  const set = united(ranges);
  return negated ? complement([...set, ...never]) : intersection(set, anyCharacter);
}

const hexDigits: Readonly<Record<string, RegExp>> = {
  x: /[\da-fA-F]{2}/y,
  u: /[\da-fA-F]{4}/y,
  U: /[\da-fA-F]{8}/y,
};
const escapes: Readonly<Record<string, number>> = { t: 9, r: 13, n: 10 };

/** Reads a character of a literal or of a set. */
export function readCharacter(source: Source): number {
  if (!source.take("\\")) return source.codePoint();
  const kind = source.peek();
  const digits = hexDigits[kind];
  if (digits === undefined && !(kind in escapes) && !'\\"[]-'.includes(kind)) {
    throw source.error("unknown escape");
  }
  const character = source.codePoint();
  if (digits === undefined) return escapes[kind] ?? character;
  const found = source.match(digits);
  if (found === "") throw source.error("expected hexadecimal digits");
  return Number.parseInt(found, 16);
}

/** Reads a set after its opening bracket. Undefined for one without characters, which stands for nothing. */
export function readSet(source: Source): CharacterSet | undefined {
  const negated = source.take("^");
  const ranges: [number, number][] = [];
  while (!source.take("]")) {
    const low = readCharacter(source);
    const isRange = source.peek() === "-" && source.peek(2) !== "-]";
    if (isRange) source.take("-");
    ranges.push([low, isRange ? readCharacter(source) : low]);
  }
  return ranges.length === 0 ? undefined : setOf(ranges, negated);
}

/** In order, and apart from each other. */
function united(ranges: readonly (readonly [number, number])[]): CharacterSet {
  const set: number[] = [];
  for (const [low, high] of ranges.toSorted(([a], [b]) => a - b)) {
    if (low > high) continue;
    const end = set.at(-1);
    if (end !== undefined && low <= end + 1) set[set.length - 1] = Math.max(end, high);
    else set.push(low, high);
  }
  return set;
}

function complement(set: CharacterSet): CharacterSet {
  const ordered = united(pairs(set));
  const rest: number[] = [];
  let next = 0;
  for (const [low, high] of pairs(ordered)) {
    if (low > next) rest.push(next, low - 1);
    next = high + 1;
  }
  if (next <= last) rest.push(next, last);
  return rest;
}

function intersection(one: CharacterSet, other: CharacterSet): CharacterSet {
  return complement([...complement(one), ...complement(other)]);
}

function pairs(set: CharacterSet): [number, number][] {
  return Array.from({ length: set.length / 2 }, (_, at) => [
    set[at * 2] ?? 0,
    set[at * 2 + 1] ?? 0,
  ]);
}
