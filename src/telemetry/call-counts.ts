import type { EndedCall } from "../base/meter.ts";

/** Labels of `inferd_calls_total`. */
interface CallLabels {
  readonly method: string;
  readonly model: string;
  readonly code: string;
  readonly reason: string;
}

interface Count {
  readonly labels: CallLabels;
  value: number;
}

/**
 * Counts of calls until they are read: prom-client sorts and spells out the labels of each report, which takes longer than
 * to count.
 */
export class CallCounts {
  readonly #running = new Map<string, number>();
  /** By method, model and reason: a reason has one code. */
  readonly #ended = new Map<string, Map<string, Map<string, Count>>>();

  began(method: string): void {
    this.#running.set(method, (this.#running.get(method) ?? 0) + 1);
  }

  ended({ method, model = "", code, reason: why }: EndedCall): void {
    const reason: string = why ?? "";
    this.#running.set(method, (this.#running.get(method) ?? 0) - 1);
    const reasons = inner(inner(this.#ended, method), model);
    const count = reasons.get(reason);
    if (count === undefined) {
      reasons.set(reason, { labels: { method, model, code, reason }, value: 1 });
    } else count.value += 1;
  }

  /** How many run of each method that was ever called. */
  get running(): Iterable<readonly [method: string, count: number]> {
    return this.#running;
  }

  /** Gives what has ended since it was last taken. */
  takeEnded(add: (labels: CallLabels, count: number) => void): void {
    for (const models of this.#ended.values()) {
      for (const reasons of models.values()) {
        for (const count of reasons.values()) {
          if (count.value > 0) add(count.labels, count.value);
          count.value = 0;
        }
      }
    }
  }
}

function inner<V>(outer: Map<string, Map<string, V>>, key: string): Map<string, V> {
  const known = outer.get(key);
  if (known !== undefined) return known;
  const made = new Map<string, V>();
  outer.set(key, made);
  return made;
}
