import { StopFilter } from "../stops.ts";
import type { Passed } from "../stops.ts";

/**
 * Turns a completion's bytes into text that may be sent: never half a character, and never the possible beginning of a
 * stop sequence.
 */
export class TextAssembler {
  // The decoder holds back an unfinished UTF-8 sequence, and replaces an invalid one with U+FFFD.
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  readonly #filter: StopFilter;

  constructor(stops: readonly string[]) {
    this.#filter = new StopFilter(stops);
  }

  push(bytes: Uint8Array): Passed {
    return this.#filter.push(this.#decoder.decode(bytes, { stream: true }));
  }

  /** Returns text held back for a stop sequence that never came. Half a character is dropped. */
  end(): string {
    return this.#filter.flush();
  }
}
