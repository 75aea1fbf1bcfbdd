import { type TokenBucket, fill, type Size, take, waitMs } from "./token-bucket.ts";

export interface RateLimiterOptions {
  /** Events allowed at once, and at the start; at least 1. */
  readonly burst: number;
  /** Events per second by which the allowance refills. */
  readonly perSecond: number;
}

/** Limits the rate of an event: a burst, then a number per second. Owns its token bucket. */
export class RateLimiter {
  readonly #size: Size;
  #bucket: TokenBucket | undefined;

  constructor({ burst, perSecond }: RateLimiterOptions) {
    this.#size = { limit: burst, periodMs: (burst / perSecond) * 1000 };
  }

  /** Counts one more event. Returns 0 if it is allowed, otherwise the milliseconds until it is. */
  take(nowMs: number): number {
    const bucket = fill(this.#bucket, this.#size, nowMs);
    const wait = waitMs(bucket, this.#size, 1);
    this.#bucket = wait === 0 ? take(bucket, 1) : bucket;
    return wait;
  }
}
