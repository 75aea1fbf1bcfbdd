import koffi from "koffi";
import type { Pointer } from "./binding.ts";

/** `sizeof(llama_token_data)`: a token's id, its logit and its probability, four bytes each. */
const entryBytes = 12;
/** More than this many are left to the library, which then sorts no slower. */
export const mostCandidates = 256;

/**
 * The likeliest tokens of an output, as `llama_token_data_array`. The library's own way writes an
 * entry for every token of the vocabulary before its top-k link drops nearly all of them: measured
 * with 151,936 tokens, most of a millisecond a token, against a tenth of one here.
 */
export class Candidates {
  readonly address: Pointer;
  readonly #capacity: number;
  readonly #ids: Int32Array;
  readonly #logits: Float32Array;
  // `{ data, size, selected, sorted }`: eight bytes each, and a bool.
  readonly #list = new BigInt64Array(4);
  readonly #data: Pointer;

  constructor(capacity: number) {
    this.#capacity = capacity;
    const entries = new ArrayBuffer(capacity * entryBytes);
    this.#ids = new Int32Array(entries);
    this.#logits = new Float32Array(entries);
    this.#data = koffi.address(this.#ids);
    this.address = koffi.address(this.#list);
  }

  /** Puts in the likeliest tokens, likeliest first; of equals, the one with the smaller id. */
  fill(logits: Float32Array): void {
    const most = Math.min(this.#capacity, logits.length);
    let count = 0;
    let least = -Infinity;
    for (let token = 0; token < logits.length; token += 1) {
      const logit = logits[token] ?? -Infinity;
      if (count === most && !(logit > least)) continue;
      this.#insert(token, logit, count < most ? count : most - 1);
      if (count < most) count += 1;
      least = this.#logits[count * 3 - 2] ?? 0;
    }
    this.#list.set([this.#data, BigInt(count), -1n, 1n]);
  }

  /** Puts a token in its order, from the last place on. Rare: few tokens beat the least one kept. */
  #insert(token: number, logit: number, last: number): void {
    const ids = this.#ids;
    const logits = this.#logits;
    let place = last;
    for (; place > 0 && logit > (logits[place * 3 - 2] ?? 0); place -= 1) {
      ids[place * 3] = ids[place * 3 - 3] ?? 0;
      logits[place * 3 + 1] = logits[place * 3 - 2] ?? 0;
    }
    ids[place * 3] = token;
    logits[place * 3 + 1] = logit;
  }

  /** The ids as they stand, likeliest first. */
  ids(): readonly number[] {
    return Array.from({ length: Number(this.#list[1]) }, (_, place) => this.#ids[place * 3] ?? 0);
  }

  /** The token that a chain has chosen among them. */
  selected(): number {
    const place = Number(this.#list[2]);
    const token = place < 0 ? undefined : this.#ids[place * 3];
    if (token === undefined) throw new Error("bug: the sampler chain chose no token");
    return token;
  }
}
