/**
 * Values by id, in the order in which they came: for the few that come and go with each call. Each look-up
 * walks the list. A Map that lives long leaves its former tables in V8's old heap, some hundred bytes a
 * call, which only a full collection gives back; a list does not.
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

  /** Takes a value out and returns it; undefined where there is none. */
  take(id: number): T | undefined {
    const index = this.#indexOf(id);
    return index < 0 ? undefined : this.#entries.splice(index, 1)[0]?.[1];
  }

  clear(): void {
    this.#entries.length = 0;
  }

  /** Of those that are here when it begins; entries may be taken out meanwhile. */
  [Symbol.iterator](): Iterator<readonly [id: number, value: T]> {
    return [...this.#entries].values();
  }

  #indexOf(id: number): number {
    return this.#entries.findIndex(([each]) => each === id);
  }
}
