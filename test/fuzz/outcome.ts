/** What `make fuzz` keeps of a run in which nothing was wrong. */
import type { Outcome } from "../../bench/lib/scenario.ts";

export interface Sent {
  /** What was sent to whom, for a table of claims. */
  readonly what: string;
  readonly unit: "calls" | "connections";
  readonly count: number;
  readonly seed: number;
  /** How they ended, and how often. */
  readonly ends: ReadonlyMap<string, number>;
}

export function outcomeOf({
  what,
  unit,
  count,
  seed,
  ends,
}: Sent): Outcome & { readonly data: object } {
  const rows = [...ends].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return {
    claims: [
      { what, value: count, unit },
      { what: `${what}, ended wrongly`, value: 0, unit, aim: { relation: "≤", value: 0 } },
    ],
    tables: [{ title: `How they ended, with seed ${seed}`, columns: ["end", unit], rows }],
    data: { count, seed, ends: Object.fromEntries(rows) },
  };
}
