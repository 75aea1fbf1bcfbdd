import { ServeError } from "../../base/errors.ts";
import { type Bound, type Bounds, exceeded } from "../../scheduling/admission.ts";
import { nextRetryAt } from "../../scheduling/retry-after.ts";

interface Waiting {
  readonly tokens: number;
  /** The mutex is held from now on. */
  readonly go: () => void;
}

export interface BoundedMutexOptions {
  readonly bounds: Bounds;
  /** How long it is held, on average. */
  readonly heldMs: () => number;
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number;
}

/** A mutex with a bounded queue. Freeing it hands it to the first in the queue; a newcomer overtakes none of them. */
export class BoundedMutex {
  readonly #options: BoundedMutexOptions;
  readonly #waiting: Waiting[] = [];
  #tokens = 0;
  #isTaken = false;
  /** The turn that was promised last to a refused job. */
  #promisedAtMs = 0;

  constructor(options: BoundedMutexOptions) {
    this.#options = options;
  }

  /** Resolves once the mutex is held; then `free` it. Throws QUEUE_FULL, or the signal's reason. */
  async take(tokens: number, signal: AbortSignal): Promise<void> {
    // A signal that has aborted does not call listeners that are added later.
    if (signal.aborted) throw ServeError.from(signal.reason);
    if (this.#isTaken) await this.#wait(tokens, signal);
    this.#isTaken = true;
  }

  free(): void {
    const next = this.#waiting[0];
    this.#isTaken = next !== undefined;
    if (next === undefined) return;
    this.#leave(next);
    next.go();
  }

  #wait(tokens: number, signal: AbortSignal): Promise<void> {
    const jobs = this.#waiting.length + 1;
    const bound = exceeded({ jobs, tokens: this.#tokens + tokens }, this.#options.bounds);
    if (bound !== undefined) throw this.#full(bound);
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        tokens,
        go: () => {
          signal.removeEventListener("abort", abort);
          resolve();
        },
      };
      const abort = (): void => {
        this.#leave(waiting);
        reject(ServeError.from(signal.reason));
      };
      signal.addEventListener("abort", abort, { once: true });
      this.#waiting.push(waiting);
      this.#tokens += tokens;
    });
  }

  #full(bound: Bound): ServeError {
    const waiting = this.#waiting.length;
    const [nowMs, slotMs] = [this.#options.now(), this.#options.heldMs()];
    const drainMs = slotMs * (waiting + 1);
    this.#promisedAtMs = nextRetryAt({ nowMs, drainMs, slotMs, promisedAtMs: this.#promisedAtMs });
    const waitingTokens = String(this.#tokens);
    return new ServeError("QUEUE_FULL", "too many calls wait for this model; try again later", {
      facts: { bound, scope: "model", waiting: String(waiting), waitingTokens },
      retryAfterMs: this.#promisedAtMs - nowMs,
    });
  }

  #leave(waiting: Waiting): void {
    this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
    this.#tokens -= waiting.tokens;
  }
}
