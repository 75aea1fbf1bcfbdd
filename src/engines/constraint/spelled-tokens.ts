/** Tokens by their bytes, and which of them a machine that reads bytes lets pass. */
import { type SortedTokens, startsOf } from "./sorted-tokens.ts";
import type { TokenBytes } from "./token-bytes.ts";

export class SpelledTokens {
  readonly #bytes: Uint8Array;
  readonly #lengths: Uint32Array;
  readonly #starts: Uint32Array;
  readonly #sorted: SortedTokens;
  readonly #mask: Uint32Array;

  constructor({ bytes, lengths }: TokenBytes, sorted: SortedTokens) {
    this.#bytes = bytes;
    this.#lengths = lengths;
    this.#starts = startsOf(lengths);
    this.#sorted = sorted;
    this.#mask = new Uint32Array((lengths.length >>> 5) + 1);
  }

  bytesOf(token: number): Uint8Array {
    const start = this.#starts[token] ?? 0;
    return this.#bytes.subarray(start, start + (this.#lengths[token] ?? 0));
  }

  /** One bit a token that leads from `first` to a state. Valid until the next mask is computed. */
  mask<State>(first: State, after: (state: State, byte: number) => State | undefined): Uint32Array {
    const mask = this.#mask.fill(0);
    const { order, common } = this.#sorted;
    /** By the number of bytes that led to them. */
    const states: State[] = [first];
    for (let place = 0; place < order.length; place += 1) {
      const token = order[place] ?? 0;
      const known = common[place] ?? 0;
      // What it shares with the token before led nowhere.
      if (known >= states.length) continue;
      states.length = known + 1;
      const length = this.#lengths[token] ?? 0;
      for (let at = known; at < length; at += 1) {
        const state = states[at] as State;
        const next = after(state, this.#bytes[(this.#starts[token] ?? 0) + at] ?? 0);
        if (next === undefined) break;
        states.push(next);
      }
      if (states.length === length + 1)
        mask[token >>> 5] = (mask[token >>> 5] ?? 0) | (1 << (token & 31));
    }
    return mask;
  }
}
