/** Searches for a short way to the end of a text that a matcher is in the middle of. */
import type { Matcher } from "../matcher.ts";
import { ByteSteps, type Choices } from "./byte-steps.ts";

export interface EndingSearch {
  /** Tokens of one byte, by the byte; -1 for a byte that has none. */
  readonly byteTokens: Int32Array;
  /** Whether an ending is short enough. */
  readonly fits: (bytes: readonly number[]) => boolean;
  /** Whether one more byte may be tried. */
  readonly mayStep: () => boolean;
}

/** A place of a path, and the bytes that were not tried there. */
interface Place {
  readonly path: readonly number[];
  readonly length: number;
  readonly others: readonly number[];
  /** What may come next after each byte that was tried there: another that leads to the same is skipped. */
  readonly seen: Set<number>;
}

const longestEnding = 768;
/** Places in a row where the same may come next, such as in a text of a least length. */
const mostAlike = { first: 256, after: 40 };

/**
 * The bytes of an ending; undefined where none was found. At each place the byte is tried first that closes most. As
 * long as no ending fits, paths that leave this way once are tried, from the beginning on, then those that do twice, and
 * so on. The matcher is as before when it returns.
 */
export function findEnding(matcher: Matcher, search: EndingSearch): readonly number[] | undefined {
  const steps = new ByteSteps(matcher, search.byteTokens);
  const places: Place[] = [];
  const following: Following = { steps, search, places };
  try {
    let found = follow([], following, mostAlike.first);
    for (let next = 0; found === "none" && next < places.length; next += 1) {
      const place = places[next];
      if (place !== undefined) found = leave(place, following);
    }
    return typeof found === "string" ? undefined : found;
  } finally {
    steps.moveTo([]);
  }
}

interface Following {
  readonly steps: ByteSteps;
  readonly search: EndingSearch;
  readonly places: Place[];
}

/** `none`: not this way. `over`: nothing more may be tried. */
type Found = readonly number[] | "none" | "over";

/** Tries the other bytes of a place. */
function leave({ path, length, others, seen }: Place, following: Following): Found {
  const { steps, search } = following;
  for (const byte of others) {
    if (!search.mayStep()) return "over";
    const branch = [...path.slice(0, length), byte];
    steps.moveTo(branch);
    const { mark } = steps.choices();
    if (seen.has(mark)) continue;
    seen.add(mark);
    const found = follow(branch, following, mostAlike.after);
    if (found !== "none") return found;
  }
  return "none";
}

/** Extends a path by the first choice at each place. */
function follow(path: number[], { steps, search, places }: Following, most: number): Found {
  let alike = 0;
  let choices: Choices | undefined;
  let last: Place | undefined;
  while (!steps.accepting) {
    if (path.length >= longestEnding || alike > most) return "none";
    if (!search.mayStep()) return "over";
    const before = choices?.mark;
    choices = steps.choices();
    const { bytes, mark } = choices;
    last?.seen.add(mark);
    alike = mark === before ? alike + 1 : 0;
    // What leads back to the same place may do so for ever: the others have their turn.
    const chosen = bytes[alike % bytes.length];
    if (chosen === undefined) return "none";
    const others = bytes.filter((byte) => byte !== chosen);
    last = { path, length: path.length, others, seen: new Set() };
    if (others.length > 0) places.push(last);
    path.push(chosen);
    steps.take(chosen);
  }
  return search.fits(path) ? path : "none";
}
