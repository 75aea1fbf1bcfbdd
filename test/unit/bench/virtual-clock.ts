import type { LoadClock } from "../../../bench/load/drive.ts";

interface Alarm {
  readonly atMs: number;
  readonly ring: () => void;
}

/** Time that passes only when everybody waits for it. */
export class VirtualClock implements LoadClock {
  #nowMs = 0;
  readonly #alarms = new Set<Alarm>();

  now(): number {
    return this.#nowMs;
  }

  until(atMs: number): Promise<void> {
    return new Promise((resolve) => void this.at(atMs, resolve));
  }

  wait(ms: number): Promise<void> {
    return this.until(this.#nowMs + ms);
  }

  at(atMs: number, call: () => void): () => void {
    const alarm: Alarm = { atMs, ring: call };
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  }

  /** Lets time pass until the work is done. */
  async run<T>(work: Promise<T>): Promise<T> {
    const state = { isDone: false };
    const settle = (): void => void (state.isDone = true);
    work.then(settle, settle);
    for (;;) {
      // All promises that can settle without time passing settle before this comes back.
      await new Promise((resolve) => setImmediate(resolve));
      if (state.isDone) return work;
      const [next] = [...this.#alarms].toSorted((a, b) => a.atMs - b.atMs);
      if (next === undefined) throw new Error("everybody waits, and nothing will happen");
      this.#alarms.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.ring();
    }
  }
}
