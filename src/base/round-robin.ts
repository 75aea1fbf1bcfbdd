/**
 * Limits how many tasks run at a time. Tasks of one owner wait in order, and owners take turns: an owner with a
 * thousand tasks delays the next task of another by one.
 */
export class RoundRobin<Owner> {
  /** Waiting tasks by owner. The next owner comes first. */
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
