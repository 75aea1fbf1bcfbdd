/** When a call may come back for a model that loads. Pure. */

export interface LoadSoFar {
  /** How long it has loaded. */
  readonly sinceMs: number;
  /** How much of it is loaded, from 0 to 1, as far as its engine tells. */
  readonly fraction: number;
  /** By what loading took last time, until it serves: negative where it takes longer. Undefined where it never was loaded here. */
  readonly leftMs: number | undefined;
}

const soonestMs = 100;
const firstWaitMs = 1000;
const longestWaitMs = 60_000;
/** Each wait is so many times what has passed: five tries from the start span more than a minute. */
const growth = 3;
/** Of less, the rest is not foretold: much of a file is read sooner, or later, than it is computed with. */
const tellingFraction = 0.2;

/** By what loading took last time; where that is not known, or has passed, longer the longer it has taken. */
export function loadingWait({ sinceMs, fraction, leftMs }: LoadSoFar): number {
  if (leftMs !== undefined && leftMs > 0) return Math.max(soonestMs, leftMs);
  if (leftMs !== undefined) return within(-leftMs);
  if (fraction < tellingFraction || fraction >= 1) return within(growth * sinceMs);
  return within((sinceMs * (1 - fraction)) / fraction);
}

function within(waitMs: number): number {
  return Math.min(longestWaitMs, Math.max(firstWaitMs, waitMs));
}
