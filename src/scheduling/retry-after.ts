/** When rejected callers should retry. Pure. */

export interface RetryAfterInput {
  readonly nowMs: number;
  /** Time until all waiting jobs have started. */
  readonly drainMs: number;
  /** Interval between free slots. */
  readonly slotMs: number;
  /** The turn that was promised last. */
  readonly promisedAtMs: number;
}

const soonestMs = 100;
const latestMs = 30_000;

/**
 * The turn of a rejected caller, by the same clock as `nowMs`: when the present queue has started, and one slot later
 * than the last promised turn. So callers rejected together do not retry together, to be rejected again. Turns beyond
 * the latest start over, and are shared.
 */
export function nextRetryAt({ nowMs, drainMs, slotMs, promisedAtMs }: RetryAfterInput): number {
  const earliest = nowMs + Math.min(latestMs, Math.max(soonestMs, drainMs));
  const turn = Math.max(earliest, promisedAtMs + slotMs);
  return turn > nowMs + latestMs ? earliest : turn;
}
