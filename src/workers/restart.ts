/**
 * When a worker that ended gets another try. Pure, so that the policy can be read and tested alone.
 *
 * The first deaths are followed by quick tries, each after twice the wait. A worker that keeps dying opens a
 * breaker: it rests for much longer, its model says that it has failed and why, and callers are told when to
 * come back. Then it gets one life on trial, and rests twice as long where it dies again before it is stable.
 */

/** How a worker's life ended. */
export type Ending =
  /** The engine said what is wrong with the model. */
  | { readonly kind: "load-failed" }
  /**
   * It ended without a word while loading, or could not be started: perhaps memory was short. `isFault`: native code
   * itself ended it, as by an assertion.
   */
  | { readonly kind: "crashed-loading"; readonly isFault: boolean }
  | { readonly kind: "crashed"; readonly upMs: number };

/** What has happened in a row, without a stable life between. */
export interface History {
  /** Deaths while loading since it last served. */
  readonly loads: number;
  readonly deaths: number;
  /** Times that it has rested. */
  readonly rests: number;
  /** Whether it has ever served: then its model is sound, and loading it may succeed again. */
  readonly hasServed: boolean;
}

export const noHistory: History = { loads: 0, deaths: 0, rests: 0, hasServed: false };

export type Verdict =
  /** Nothing but another model would help. */
  | { readonly kind: "give-up" }
  | { readonly kind: "restart"; readonly waitMs: number; readonly history: History }
  /** The breaker is open for `waitMs`; the life after it is on trial. */
  | { readonly kind: "rest"; readonly waitMs: number; readonly history: History };

/** Deaths in a row that open the breaker. Loading is dear, and what fails thrice while loading seldom heals soon. */
const loadTries = 3;
const lives = 5;
/** A worker that has been up this long starts with a clean record. */
const stableMs = 60_000;
const firstWaitMs = 250;
const firstRestMs = 30_000;
const longestRestMs = 600_000;

/** Decides after an ending. */
export function verdict(ending: Ending, history: History): Verdict {
  if (ending.kind === "load-failed") {
    // The same words each time, unless it is not the model's fault: a disk that is gone for a while, say.
    return history.hasServed ? rest(history) : { kind: "give-up" };
  }
  const next = noteDeath(ending, history);
  const isLoadFault = ending.kind === "crashed-loading" && ending.isFault;
  // Native code says so of the same file each time.
  if (isLoadFault && !history.hasServed && next.loads >= loadTries) return { kind: "give-up" };
  const isOver = next.loads >= loadTries || next.deaths >= lives || next.rests > 0;
  if (isOver) return rest(next);
  return { kind: "restart", waitMs: backoff(next.deaths), history: next };
}

function noteDeath(ending: Exclude<Ending, { kind: "load-failed" }>, history: History): History {
  if (ending.kind === "crashed-loading") {
    return { ...history, loads: history.loads + 1, deaths: history.deaths + 1 };
  }
  if (ending.upMs >= stableMs) return { ...noHistory, deaths: 1, hasServed: true };
  return { ...history, loads: 0, deaths: history.deaths + 1, hasServed: true };
}

function rest(history: History): Verdict {
  const rests = history.rests + 1;
  const waitMs = Math.min(longestRestMs, firstRestMs * 2 ** (rests - 1));
  return { kind: "rest", waitMs, history: { ...history, rests } };
}

/** The wait before the nth try in a row: none before the first, then doubling. */
export function backoff(attempt: number): number {
  if (attempt <= 1) return 0;
  return firstWaitMs * 2 ** (attempt - 2);
}
