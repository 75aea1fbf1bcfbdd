/** Tokens by their bytes, and which of them a machine that reads bytes lets pass. */
import { type SortedTokens, startsOf } from "./sorted-tokens.ts";
import type { TokenBytes } from "./token-bytes.ts";

interface BestToken {
  readonly token: number;
  readonly count: number;
}

export class SpelledTokens {
  readonly #bytes: Uint8Array;
  readonly #lengths: Uint32Array;
  readonly #starts: Uint32Array;
  readonly #sorted: SortedTokens;
  readonly #mask: Uint32Array;
  #byteTokens: Int32Array | undefined;

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

  /** Tokens of one byte, by the byte; -1 for a byte that has none. */
  get byteTokens(): Int32Array {
    return (this.#byteTokens ??= Int32Array.from({ length: 256 }, (_, byte) => {
      const [token] = this.#beginningsOf([byte], 0);
      return token ?? -1;
    }));
  }

  /** As few tokens as have these bytes together; undefined where there are none for some. */
  fewestFor(bytes: readonly number[]): readonly number[] | undefined {
    const best = this.#bestFrom(bytes);
    const tokens: number[] = [];
    for (let at = 0; at < bytes.length; at += this.#lengthOf(tokens.at(-1) ?? 0)) {
      const next = best[at];
      if (next === undefined) return undefined;
      tokens.push(next.token);
    }
    return tokens;
  }

  /** By a place among the bytes: the first token of the shortest way from there to the end, and its length. */
  #bestFrom(bytes: readonly number[]): readonly (BestToken | undefined)[] {
    const best: BestToken[] = [];
    best[bytes.length] = { token: -1, count: 0 };
    for (let from = bytes.length - 1; from >= 0; from -= 1) {
      for (const token of this.#beginningsOf(bytes, from)) {
        const rest = best[from + this.#lengthOf(token)];
        const count = (rest?.count ?? Infinity) + 1;
        if (count < (best[from]?.count ?? Infinity)) best[from] = { token, count };
      }
    }
    return best;
  }

  #lengthOf(token: number): number {
    return this.#lengths[token] ?? 0;
  }

  /** Tokens with which the bytes from a place on begin, shortest first. */
  *#beginningsOf(bytes: readonly number[], from: number): Generator<number> {
    const { order } = this.#sorted;
    let [low, high] = [0, order.length];
    for (let at = from; at < bytes.length && low < high; at += 1) {
      const depth = at - from;
      const byte = bytes[at] ?? 0;
      low = this.#firstAtLeast(byte, depth, [low, high]);
      high = this.#firstAtLeast(byte + 1, depth, [low, high]);
      const token = order[low];
      if (low < high && token !== undefined && this.#lengths[token] === depth + 1) yield token;
    }
  }

  /** Of places whose tokens have their first bytes in common: the first whose next byte is not less. */
  #firstAtLeast(byte: number, depth: number, range: readonly [number, number]): number {
    let [low, high] = range;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const token = this.#sorted.order[middle] ?? 0;
      const isShort = (this.#lengths[token] ?? 0) <= depth;
      const found = isShort ? -1 : (this.#bytes[(this.#starts[token] ?? 0) + depth] ?? 0);
      if (found < byte) low = middle + 1;
      else high = middle;
    }
    return low;
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
