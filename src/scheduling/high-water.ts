/** High-water mark of recent values. Pure: a mark is a value, and an observation returns a new one. */

export interface HighWater {
  /** Start of the current window. */
  readonly sinceMs: number;
  /** Maximum in it. */
  readonly most: number;
  /** Maximum in the window before. */
  readonly before: number;
}

export const noHighWater: HighWater = { sinceMs: 0, most: 0, before: 0 };

/** An observation counts for at least this long, and at most for twice as long. */
export const windowMs = 30_000;

export function see({ sinceMs, most, before }: HighWater, value: number, nowMs: number): HighWater {
  const windows = Math.floor((nowMs - sinceMs) / windowMs);
  if (windows < 1) return { sinceMs, most: Math.max(most, value), before };
  return {
    sinceMs: sinceMs + windows * windowMs,
    most: value,
    before: windows === 1 ? most : 0,
  };
}

export function highestOf({ most, before }: HighWater): number {
  return Math.max(most, before);
}
