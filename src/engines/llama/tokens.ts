/** A growing list of token ids that is read without copying. */
export class TokenList {
  #ids: Int32Array;
  #length = 0;

  constructor(ids: Int32Array = new Int32Array()) {
    this.#ids = ids.slice();
    this.#length = ids.length;
  }

  get length(): number {
    return this.#length;
  }

  append(ids: Int32Array | readonly number[]): void {
    const length = this.#length + ids.length;
    if (length > this.#ids.length) {
      const grown = new Int32Array(Math.max(64, length * 2));
      grown.set(this.#ids.subarray(0, this.#length));
      this.#ids = grown;
    }
    this.#ids.set(ids, this.#length);
    this.#length = length;
  }

  /** Drops all after the first `length`. */
  cut(length: number): void {
    this.#length = Math.min(this.#length, length);
  }

  /** A view, valid until the list changes. */
  view(from = 0, to = this.#length): Int32Array {
    return this.#ids.subarray(from, Math.min(to, this.#length));
  }
}

/** The length of the common prefix of two lists. */
export function commonLength(a: Int32Array, b: Int32Array): number {
  const most = Math.min(a.length, b.length);
  for (let i = 0; i < most; i += 1) if (a[i] !== b[i]) return i;
  return most;
}
