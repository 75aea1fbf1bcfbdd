import type { Value } from "./values.ts";

/** Names and their values, those of the enclosing scopes included. */
export class Scope {
  readonly #values: Map<string, Value>;
  readonly #around: Scope | undefined;

  constructor(around: Scope | undefined, values: Iterable<readonly [string, Value]> = []) {
    this.#around = around;
    this.#values = new Map(values);
  }

  get(name: string): Value {
    if (this.#values.has(name)) return this.#values.get(name);
    return this.#around?.get(name);
  }

  set(name: string, value: Value): void {
    this.#values.set(name, value);
  }
}
