import { type TokenBucket, fill, type Size, take, waitMs } from "./token-bucket.ts";

export interface RateLimiterOptions {
  /** Times at once, and in the beginning; at least 1. */
  readonly burst: number;
  /** Times that come back each second. */
  readonly perSecond: number;
}

/** How often something may happen: so many times at once, then so many a second. Remembers its bucket. */
export class RateLimiter {
  readonly #size: Size;
  #bucket: TokenBucket | undefined;

  constructor({ burst, perSecond }: RateLimiterOptions) {
    this.#size = { limit: burst, periodMs: (burst / perSecond) * 1000 };
  }

  /** Lets it happen once more: 0 where it may, else the whole milliseconds until it may. */
  take(nowMs: number): number {
    const bucket = fill(this.#bucket, this.#size, nowMs);
    const wait = waitMs(bucket, this.#size, 1);
    this.#bucket = wait === 0 ? take(bucket, 1) : bucket;
    return wait;
  }
}
