/**
 * Lets so many works run at a time. Those of one owner wait in order, and owners take turns, so that one who
 * brings a thousand delays another's by one.
 */
export class RoundRobin<Owner> {
  /** Works that wait, by owner; whose turn is next comes first. */
  readonly #waiting = new Map<Owner, (() => void)[]>();
  #free: number;

  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  async take<T>(owner: Owner, work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await this.#turnOf(owner);
    try {
      return await work();
    } finally {
      const next = this.#next();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }

  #turnOf(owner: Owner): Promise<void> {
    return new Promise((begin) => {
      const own = this.#waiting.get(owner);
      if (own === undefined) this.#waiting.set(owner, [begin]);
      else own.push(begin);
    });
  }

  #next(): (() => void) | undefined {
    for (const [owner, [begin, ...others]] of this.#waiting) {
      this.#waiting.delete(owner);
      if (others.length > 0) this.#waiting.set(owner, others);
      return begin;
    }
    return undefined;
  }
}
