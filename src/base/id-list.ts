/**
 * Values by id, in insertion order, for the few entries that come and go with each call. Each look-up walks the list. A
 * long-lived Map leaves its former tables in V8's old heap, some hundred bytes per call, which only a full collection
 * frees. A list does not.
 */
export class IdList<T> implements Iterable<readonly [id: number, value: T]> {
  readonly #entries: (readonly [id: number, value: T])[] = [];

  get size(): number {
    return this.#entries.length;
  }

  get ids(): readonly number[] {
    return this.#entries.map(([id]) => id);
  }

  get values(): readonly T[] {
    return this.#entries.map(([, value]) => value);
  }

  /** Adds a value at the end. The id must be new. */
  add(id: number, value: T): void {
    this.#entries.push([id, value]);
  }

  get(id: number): T | undefined {
    const index = this.#indexOf(id);
    return index < 0 ? undefined : this.#entries[index]?.[1];
  }

  /** Removes a value and returns it. Undefined if there is none. */
  take(id: number): T | undefined {
    const index = this.#indexOf(id);
    return index < 0 ? undefined : this.#entries.splice(index, 1)[0]?.[1];
  }

  clear(): void {
    this.#entries.length = 0;
  }

  /** Iterates over the entries present at the start. Entries may be removed meanwhile. */
  [Symbol.iterator](): Iterator<readonly [id: number, value: T]> {
    return [...this.#entries].values();
  }

  #indexOf(id: number): number {
    return this.#entries.findIndex(([each]) => each === id);
  }
}
