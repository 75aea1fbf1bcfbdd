/**
 * Values of objects that others own, kept on the objects themselves. A WeakMap would do, but V8's collector walks its
 * entries again and again: with five for each call, that is some 3 % of a short one.
 */
export class Attached<K extends object, V> {
  readonly #key: symbol;

  /** `name` shows in a debugger. */
  constructor(name: string) {
    this.#key = Symbol(name);
  }

  get(owner: K): V | undefined {
    return (owner as Attachable<V>)[this.#key];
  }

  set(owner: K, value: V): void {
    (owner as Attachable<V>)[this.#key] = value;
  }

  delete(owner: K): void {
    // No `delete`, which would make the object a slow one.
    (owner as Attachable<V>)[this.#key] = undefined;
  }
}

type Attachable<V> = Record<symbol, V | undefined>;
