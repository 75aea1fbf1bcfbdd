/** What a stop filter lets through, and which sequence matched. */
export interface Passed {
  readonly text: string;
  /** Set once: nothing comes after. */
  readonly stop: string | undefined;
}

/**
 * Ends a text that comes in pieces before the stop sequence that is complete first, and holds back
 * what may yet turn out to be the beginning of one. The result does not depend on how the text was
 * cut into pieces.
 */
export class StopFilter {
  readonly #stops: readonly string[];
  #held = "";

  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop !== "");
  }

  push(piece: string): Passed {
    const text = this.#held + piece;
    const match = firstMatch(text, this.#stops);
    if (match !== undefined) {
      this.#held = "";
      return { text: text.slice(0, match.start), stop: match.stop };
    }
    const safe = text.length - heldLength(text, this.#stops);
    this.#held = text.slice(safe);
    return { text: text.slice(0, safe), stop: undefined };
  }

  /** The text has ended: what was held back began no stop sequence after all. */
  flush(): string {
    const text = this.#held;
    this.#held = "";
    return text;
  }
}

interface Match {
  readonly start: number;
  readonly stop: string;
}

/** Finds the stop sequence that is complete first; of two that end together, the longer. */
export function firstMatch(text: string, stops: readonly string[]): Match | undefined {
  let best: Match | undefined;
  for (const stop of stops) {
    const start = text.indexOf(stop);
    if (start === -1) continue;
    const end = start + stop.length;
    const bestEnd = best === undefined ? Infinity : best.start + best.stop.length;
    if (end < bestEnd || (end === bestEnd && start < (best?.start ?? 0))) best = { start, stop };
  }
  return best;
}

/** How many characters at the text's end are the beginning of a stop sequence, at most. */
export function heldLength(text: string, stops: readonly string[]): number {
  const longest = stops.reduce((most, stop) => Math.max(most, stop.length - 1), 0);
  for (let length = Math.min(longest, text.length); length > 0; length -= 1) {
    const end = text.slice(-length);
    if (stops.some((stop) => stop.length > length && stop.startsWith(end))) return length;
  }
  return 0;
}
