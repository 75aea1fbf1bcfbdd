/** Who may wait for a model. Pure, so that refusing is decided in one place and before any cost. */

/** A model's queue as admission sees it. */
export interface Load {
  /** Jobs that wait. */
  readonly waiting: number;
  /** Jobs that its workers hold at once; zero while none is ready. */
  readonly slots: number;
  /** How long a job has held its slot, on average; zero before the first has ended. */
  readonly meanServiceMs: number;
}

export type Admission =
  { readonly kind: "accept" } | { readonly kind: "refuse"; readonly retryAfterMs: number };

/** Accepts a job while fewer wait than may. */
export function admit(load: Load, maxWaiting: number): Admission {
  if (load.waiting < maxWaiting) return { kind: "accept" };
  return { kind: "refuse", retryAfterMs: retryAfter(load) };
}

const soonestMs = 100;
const latestMs = 30_000;

/** When those who wait now will have been started: sooner, a caller would find the same queue. */
function retryAfter({ waiting, slots, meanServiceMs }: Load): number {
  const waitMs = ((waiting + 1) * meanServiceMs) / Math.max(1, slots);
  return Math.round(Math.min(latestMs, Math.max(soonestMs, waitMs)));
}
