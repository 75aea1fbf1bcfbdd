/** Characters that no set of a grammar tells apart are one class: what one of them leads to, all do. */
import type { CharacterSet } from "./characters.ts";

const asciiCharacters = 128;

export class CharacterClasses {
  /** The first character of each class, in order. */
  readonly #firsts: readonly number[];
  readonly #ascii: Uint32Array;

  constructor(sets: Iterable<CharacterSet>) {
    const firsts = new Set([0]);
    for (const set of sets) set.forEach((character, at) => firsts.add(character + (at % 2)));
    this.#firsts = [...firsts].sort((a, b) => a - b);
    this.#ascii = Uint32Array.from({ length: asciiCharacters }, (_, at) => this.#search(at));
  }

  of(character: number): number {
    return this.#ascii[character] ?? this.#search(character);
  }

  /** A character of a class. */
  first(index: number): number {
    return this.#firsts[index] ?? 0;
  }

  #search(character: number): number {
    let [low, high] = [0, this.#firsts.length];
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((this.#firsts[middle] ?? 0) <= character) low = middle;
      else high = middle;
    }
    return low;
  }
}
