import koffi from "koffi";
import type { BatchStruct } from "./binding.ts";

/** Tokens of one step, in arrays that the library reads in place. Created once per context. */
export class Batch {
  readonly struct: BatchStruct;
  readonly #token: Int32Array;
  readonly #position: Int32Array;
  readonly #sequence: BigUint64Array;
  readonly #output: Int8Array;
  readonly #sequenceIds: Int32Array;
  // Kept so that the memory behind `struct` stays alive.
  readonly #counts: Int32Array;

  constructor(tokens: number, sequences: number) {
    this.#token = new Int32Array(tokens);
    this.#position = new Int32Array(tokens);
    this.#counts = new Int32Array(tokens).fill(1);
    this.#sequence = new BigUint64Array(tokens);
    this.#output = new Int8Array(tokens);
    this.#sequenceIds = Int32Array.from({ length: sequences }, (_, id) => id);
    this.struct = {
      n_tokens: 0,
      token: koffi.address(this.#token),
      embd: null,
      pos: koffi.address(this.#position),
      n_seq_id: koffi.address(this.#counts),
      seq_id: koffi.address(this.#sequence),
      logits: koffi.address(this.#output),
    };
  }

  get size(): number {
    return this.struct.n_tokens;
  }

  clear(): void {
    this.struct.n_tokens = 0;
  }

  /** Adds tokens of a sequence from a position on. Returns the index of the last one. `output`: of the last, or of all. */
  add(tokens: Int32Array, at: Placed): number {
    // An array of pointers, one per token, to its list of sequences: here a list of one.
    const id = koffi.address(this.#sequenceIds) + BigInt(at.sequence * 4);
    tokens.forEach((token, index) => {
      const place = this.struct.n_tokens + index;
      this.#token[place] = token;
      this.#position[place] = at.position + index;
      this.#sequence[place] = id;
      this.#output[place] = at.output === "all" ? 1 : 0;
    });
    this.struct.n_tokens += tokens.length;
    const last = this.struct.n_tokens - 1;
    if (at.output !== false) this.#output[last] = 1;
    return last;
  }
}

interface Placed {
  readonly sequence: number;
  readonly position: number;
  readonly output: boolean | "all";
}
