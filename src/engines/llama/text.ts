/** What a token's bytes gave: text that may leave, and the stop sequence that ended it all. */
export interface Piece {
  readonly text: string;
  /** The sequence that matched; undefined while none has. */
  readonly stop: string | undefined;
}

/**
 * Turns a completion's bytes into text that may be sent: never half a character, and nothing that may
 * yet turn out to be the beginning of a stop sequence. The result does not depend on how the bytes
 * were cut into tokens.
 */
export class TextAssembler {
  readonly #stops: readonly string[];
  // It holds back an unfinished UTF-8 sequence, and replaces a broken one with U+FFFD.
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #held = "";

  constructor(stops: readonly string[]) {
    this.#stops = stops;
  }

  push(bytes: Uint8Array): Piece {
    const text = this.#held + this.#decoder.decode(bytes, { stream: true });
    const match = firstMatch(text, this.#stops);
    if (match !== undefined) {
      this.#held = "";
      return { text: text.slice(0, match.start), stop: match.stop };
    }
    const safe = text.length - heldLength(text, this.#stops);
    this.#held = text.slice(safe);
    return { text: text.slice(0, safe), stop: undefined };
  }

  /** Gives what was held for a stop sequence that never came. Half a character is dropped. */
  end(): string {
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
