/** When a worker that ended gets another try. Pure, so that the policy can be read and tested alone. */

/** How a worker's life ended. */
export type Ending =
  /** The engine said what is wrong with the model: trying again changes nothing. */
  | { readonly kind: "load-failed" }
  /** It ended without a word while loading: perhaps memory was short. */
  | { readonly kind: "crashed-loading" }
  | { readonly kind: "crashed"; readonly upMs: number };

/** Endings in a row, without a stable life between them. */
export interface History {
  readonly loads: number;
  readonly crashes: number;
}

export const noHistory: History = { loads: 0, crashes: 0 };

export type Verdict =
  | { readonly kind: "give-up" }
  | { readonly kind: "restart"; readonly waitMs: number; readonly history: History };

/** Crashes while loading after which a worker is given up. */
const loadTries = 3;
/** A worker that has been up this long starts with a clean record. */
const stableMs = 60_000;
const firstWaitMs = 250;
const longestWaitMs = 30_000;

/** Decides after an ending. A worker that comes up again is never given up, however often it crashes then. */
export function verdict(ending: Ending, history: History): Verdict {
  switch (ending.kind) {
    case "load-failed":
      return { kind: "give-up" };
    case "crashed-loading": {
      const loads = history.loads + 1;
      if (loads >= loadTries) return { kind: "give-up" };
      return restart({ ...history, loads });
    }
    case "crashed": {
      const crashes = ending.upMs >= stableMs ? 1 : history.crashes + 1;
      return restart({ loads: 0, crashes });
    }
  }
}

function restart(history: History): Verdict {
  return { kind: "restart", waitMs: backoff(history.loads + history.crashes), history };
}

/** The wait before the nth try in a row: none before the first, then doubling up to a cap. */
export function backoff(attempt: number): number {
  if (attempt <= 1) return 0;
  return Math.min(longestWaitMs, firstWaitMs * 2 ** (attempt - 2));
}
