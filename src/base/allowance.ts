import { type Bucket, fill, type Size, take, waitMs } from "./bucket.ts";

export interface AllowanceOptions {
  /** Times at once, and in the beginning; at least 1. */
  readonly burst: number;
  /** Times that come back each second. */
  readonly perSecond: number;
}

/** How often something may happen: so many times at once, then so many a second. Remembers its bucket. */
export class Allowance {
  readonly #size: Size;
  #bucket: Bucket | undefined;

  constructor({ burst, perSecond }: AllowanceOptions) {
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
