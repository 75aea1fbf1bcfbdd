/** When to come back, for those who are refused. Pure. */

export interface Refusal {
  readonly nowMs: number;
  /** Until all who wait now have been started. */
  readonly drainMs: number;
  /** How often a place becomes free. */
  readonly placeMs: number;
  /** The turn that was promised last. */
  readonly promisedAtMs: number;
}

const soonestMs = 100;
const latestMs = 30_000;

/**
 * The turn of a refused caller, by the same clock as `nowMs`: when the queue of now has been started,
 * and a place later than the turn promised last. So callers who were refused together do not come
 * back together, to be refused again. Turns past the latest begin anew: who is told so late finds
 * others beside him.
 */
export function nextRetryAt({ nowMs, drainMs, placeMs, promisedAtMs }: Refusal): number {
  const earliest = nowMs + Math.min(latestMs, Math.max(soonestMs, drainMs));
  const turn = Math.max(earliest, promisedAtMs + placeMs);
  return turn > nowMs + latestMs ? earliest : turn;
}
