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
