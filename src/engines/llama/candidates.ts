import koffi from "koffi";
import type { Pointer } from "./binding.ts";

/** `sizeof(llama_token_data)`: a token's id, its logit and its probability, four bytes each. */
const entryBytes = 12;
/** Larger counts are left to the library, which then sorts no slower. */
export const mostCandidates = 256;

/**
 * The likeliest tokens of an output, as `llama_token_data_array`. The library itself writes an entry for every token of
 * the vocabulary, and its top-k link then drops nearly all of them. Measured with 151,936 tokens, that takes most of a
 * millisecond per token, against a tenth of one here.
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

  /** Inserts the likeliest tokens, likeliest first; among equals, the smaller id. */
  fill(logits: Float32Array): void {
    const most = Math.min(this.#capacity, logits.length);
    for (let token = 0; token < most; token += 1) {
      const logit = logits[token] ?? 0;
      // NaN has no order and comes last.
      this.#insert(token, Number.isNaN(logit) ? -Infinity : logit, token);
    }
    const scan = new Scan(logits);
    let token = scan.next(most, this.#least(most));
    while (token < logits.length) {
      this.#insert(token, logits[token] ?? 0, most - 1);
      token = scan.next(token + 1, this.#least(most));
    }
    this.#list.set([this.#data, BigInt(most), -1n, 1n]);
  }

  /** The logit at the last of the filled places. */
  #least(count: number): number {
    return this.#logits[count * 3 - 2] ?? 0;
  }

  /** Inserts a token in order, from the last place on. Rare: few tokens exceed the lowest one kept. */
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

  /** The logit of the likeliest token. Not finite if the model computes nonsense. */
  get best(): number {
    return this.#logits[1] ?? NaN;
  }

  /** The ids in their order, likeliest first. */
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

/** A float and its bits. */
const single = new Float32Array(1);
const singleBits = new Int32Array(single.buffer);

/**
 * Finds logits above a floor. Most of the time of sampling a token is spent here. Positive floats have the same order
 * as their bits as integers, and the bits of all negative ones are negative. Comparing bits costs half.
 */
class Scan {
  readonly #logits: Float32Array;
  readonly #bits: Int32Array;

  constructor(logits: Float32Array) {
    this.#logits = logits;
    this.#bits = new Int32Array(logits.buffer, logits.byteOffset, logits.length);
  }

  /** The first token from `from` on whose logit is above `floor`; the length if there is none. */
  next(from: number, floor: number): number {
    const logits = this.#logits;
    let token = floor >= 0 ? this.#skip(from, floor) : from;
    // Bits can be greater and be NaN, which is above nothing.
    while (token < logits.length && !((logits[token] ?? NaN) > floor)) token += 1;
    return token;
  }

  /** Start of the next four tokens of which one may be above. */
  #skip(from: number, floor: number): number {
    const bits = this.#bits;
    single[0] = floor;
    const most = singleBits[0] ?? 0;
    let token = from;
    for (; token + 4 <= bits.length; token += 4) {
      if ((bits[token] ?? 0) > most || (bits[token + 1] ?? 0) > most) break;
      if ((bits[token + 2] ?? 0) > most || (bits[token + 3] ?? 0) > most) break;
    }
    return token;
  }
}
