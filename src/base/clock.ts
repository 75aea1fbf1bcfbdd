/** Time as an argument: code that depends on time takes a Clock, so that a test can pass its own. */
export interface Clock {
  /** Monotonic, in milliseconds. */
  readonly now: () => number;
  /** Calls back once, later. The result cancels it. */
  readonly after: (waitMs: number, call: () => void) => () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after: (waitMs, call) => {
    const timer = setTimeout(call, waitMs);
    return () => clearTimeout(timer);
  },
};

/** The same, but the timer does not keep the process alive. */
export const idleClock: Clock = {
  now: systemClock.now,
  after: (waitMs, call) => {
    const timer = setTimeout(call, waitMs).unref();
    return () => clearTimeout(timer);
  },
};

/**
 * Milliseconds since 1970, the wall clock. It jumps when it is set. So it is only for comparison with times from
 * outside: the expiry of a key or a certificate, or a deadline that a library states. Code that waits or measures uses
 * `Clock.now`.
 */
export const wallMs = (): number => Date.now();
