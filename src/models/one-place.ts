import { ServeError } from "../base/errors.ts";
import { type Bounds, exceeded } from "../scheduling/admission.ts";

interface Waiting {
  readonly tokens: number;
  /** The place is theirs. */
  readonly go: () => void;
}

/** Nobody knows how long whoever has the place will keep it. */
const retryAfterMs = 5000;

/** A place for one, and a bounded line before it. Whoever frees it hands it to the next, whom no newcomer overtakes. */
export class OnePlace {
  readonly #bounds: Bounds;
  readonly #waiting: Waiting[] = [];
  #tokens = 0;
  #isTaken = false;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  /** Resolves once the place is the caller's, who frees it. Throws QUEUE_FULL, or the signal's reason. */
  async take(tokens: number, signal: AbortSignal): Promise<void> {
    // A signal that has aborted says so to nobody who listens from now on.
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
    if (exceeded({ jobs, tokens: this.#tokens + tokens }, this.#bounds) !== undefined) {
      throw new ServeError("QUEUE_FULL", "too many calls wait for this model; try again later", {
        facts: { waiting: String(this.#waiting.length) },
        retryAfterMs,
      });
    }
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

  #leave(waiting: Waiting): void {
    this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
    this.#tokens -= waiting.tokens;
  }
}
