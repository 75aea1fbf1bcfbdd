export interface BucketOptions {
  /** Tokens that it holds at most, and in the beginning. */
  readonly burst: number;
  /** Tokens that come back each second. */
  readonly perSecond: number;
}

/** A token bucket: so many at once, then so many a second. Time is passed in, in milliseconds. */
export class Bucket {
  readonly #options: BucketOptions;
  #tokens: number;
  #atMs: number;

  constructor(options: BucketOptions, nowMs: number) {
    this.#options = options;
    this.#tokens = options.burst;
    this.#atMs = nowMs;
  }

  /** Takes a token: 0 where there was one, else the milliseconds until there is one. */
  take(nowMs: number): number {
    const { burst, perSecond } = this.#options;
    const gained = (Math.max(0, nowMs - this.#atMs) / 1000) * perSecond;
    this.#tokens = Math.min(burst, this.#tokens + gained);
    this.#atMs = Math.max(this.#atMs, nowMs);
    if (this.#tokens >= 1) {
      this.#tokens -= 1;
      return 0;
    }
    return ((1 - this.#tokens) / perSecond) * 1000;
  }
}
