/** The most of something of late. Pure: a peak is a value, and seeing more gives a new one. */

export interface HighWater {
  /** When the window of now began. */
  readonly sinceMs: number;
  /** The most in it. */
  readonly most: number;
  /** The most in the window before. */
  readonly before: number;
}

export const noHighWater: HighWater = { sinceMs: 0, most: 0, before: 0 };

/** What was seen counts for at least this long, and at most for twice as long. */
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
