import { ServeError } from "../base/errors.ts";
import { admit } from "./admission.ts";

export interface QueueOptions<Place> {
  /** A place for one job now, or undefined. A job started on it takes it. */
  readonly take: () => Place | undefined;
  /** Places there are in all. */
  readonly slots: () => number;
  readonly maxWaiting: number;
}

/** How a job enters the queue. */
export interface Entry<Place, Started> {
  /** Called as soon as there is a place, in turn; must take the place before it returns. */
  readonly start: (place: Place) => Started;
  readonly signal: AbortSignal;
  /** Its worker died before it had sent anything: it was admitted once and goes to the front. */
  readonly isRetry: boolean;
}

interface Waiting<Place> {
  readonly start: (place: Place) => void;
  readonly fail: (error: ServeError) => void;
}

/** One model's queue: bounded, first come first served. Whoever leaves, leaves at once. */
export class Queue<Place> {
  readonly #options: QueueOptions<Place>;
  readonly #waiting: Waiting<Place>[] = [];
  #meanServiceMs = 0;

  constructor(options: QueueOptions<Place>) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Waits for a place and starts the job on it. Throws QUEUE_FULL, or the signal's reason. */
  async run<Started>(entry: Entry<Place, Started>): Promise<Started> {
    entry.signal.throwIfAborted();
    if (this.#waiting.length === 0) {
      const place = this.#options.take();
      if (place !== undefined) return entry.start(place);
    }
    if (!entry.isRetry) this.#admit();
    return this.#wait(entry);
  }

  /** Starts as many jobs as there are places. Call when there may be more places than before. */
  pump(): void {
    while (this.#waiting.length > 0) {
      const place = this.#options.take();
      if (place === undefined) return;
      this.#waiting.shift()?.start(place);
    }
  }

  /** Fails all who wait. */
  fail(error: ServeError): void {
    for (const waiting of this.#waiting.splice(0)) waiting.fail(error);
  }

  /** Notes how long a job held its place: refusals say from it when to come back. */
  noteService(serviceMs: number): void {
    const isFirst = this.#meanServiceMs === 0;
    this.#meanServiceMs += (serviceMs - this.#meanServiceMs) * (isFirst ? 1 : newestWeight);
  }

  #admit(): void {
    const load = {
      waiting: this.#waiting.length,
      slots: this.#options.slots(),
      meanServiceMs: this.#meanServiceMs,
    };
    const admission = admit(load, this.#options.maxWaiting);
    if (admission.kind === "accept") return;
    throw new ServeError("QUEUE_FULL", "too many calls wait for this model; try again later", {
      facts: { waiting: String(load.waiting) },
      retryAfterMs: admission.retryAfterMs,
    });
  }

  #wait<Started>({ start, signal, isRetry }: Entry<Place, Started>): Promise<Started> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        const at = this.#waiting.indexOf(waiting);
        if (at >= 0) this.#waiting.splice(at, 1);
        waiting.fail(ServeError.from(signal.reason));
      };
      const waiting: Waiting<Place> = {
        start: (place) => {
          signal.removeEventListener("abort", leave);
          try {
            resolve(start(place));
          } catch (thrown) {
            reject(ServeError.from(thrown));
          }
        },
        fail: (error) => {
          signal.removeEventListener("abort", leave);
          reject(error);
        },
      };
      signal.addEventListener("abort", leave, { once: true });
      if (isRetry) this.#waiting.unshift(waiting);
      else this.#waiting.push(waiting);
    });
  }
}

/** The weight of the newest service time in the mean. */
const newestWeight = 0.1;
