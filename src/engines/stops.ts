/** What a stop filter lets through, and which sequence matched. */
export interface Passed {
  readonly text: string;
  /** Set once: nothing comes after. */
  readonly stop: string | undefined;
}

/**
 * Ends a text that comes in pieces before the first stop sequence in it, and holds back whatever may
 * be the beginning of one.
 */
export class StopFilter {
  readonly #stops: readonly string[];
  #held = "";

  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop !== "");
  }

  push(piece: string): Passed {
    const text = this.#held + piece;
    const match = earliest(text, this.#stops);
    if (match !== undefined) {
      this.#held = "";
      return { text: text.slice(0, match.at), stop: match.stop };
    }
    const held = Math.max(0, ...this.#stops.map((stop) => overlap(text, stop)));
    this.#held = text.slice(text.length - held);
    return { text: text.slice(0, text.length - held), stop: undefined };
  }

  /** The text has ended: what was held back began no stop sequence after all. */
  flush(): string {
    const text = this.#held;
    this.#held = "";
    return text;
  }
}

/** The sequence that is complete first; of two at one place, the one that is given first. */
function earliest(text: string, stops: readonly string[]) {
  let best: { readonly at: number; readonly stop: string } | undefined;
  for (const stop of stops) {
    const at = text.indexOf(stop);
    if (at >= 0 && (best === undefined || at < best.at)) best = { at, stop };
  }
  return best;
}

/** How many characters at the text's end are the beginning of the stop sequence, but not all of it. */
function overlap(text: string, stop: string): number {
  for (let length = Math.min(text.length, stop.length - 1); length > 0; length--) {
    if (text.endsWith(stop.slice(0, length))) return length;
  }
  return 0;
}
