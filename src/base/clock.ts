/** Time as an argument: whoever decides by it takes a Clock, so that a test can pass its own. */
export interface Clock {
  /** Monotonic, in milliseconds. */
  readonly now: () => number;
  /** Calls once, later; the result calls it off. */
  readonly after: (waitMs: number, call: () => void) => () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after: (waitMs, call) => {
    const timer = setTimeout(call, waitMs);
    return () => clearTimeout(timer);
  },
};

/** The same, but waiting for it keeps no process. */
export const idleClock: Clock = {
  now: systemClock.now,
  after: (waitMs, call) => {
    const timer = setTimeout(call, waitMs).unref();
    return () => clearTimeout(timer);
  },
};

/**
 * Milliseconds since 1970, as people and other machines count them. It jumps when somebody sets it, so it is
 * only for what is held against a time from elsewhere: a key's expiry, a certificate's, a deadline that a
 * library states. Everything that waits or measures takes `Clock.now`.
 */
export const wallMs = (): number => Date.now();
