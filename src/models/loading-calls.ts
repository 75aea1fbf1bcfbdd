import { ServeError } from "../base/errors.ts";
import { admit, type Bounds } from "../scheduling/admission.ts";
import {
  admitBoth,
  type GlobalLimit,
  type QueueEntry,
  type Refusal,
} from "../scheduling/global-limit.ts";
import type { WaitingCall } from "./model.ts";

export interface LoadingCallsOptions {
  /** The model's queue's: what waits here will wait there. */
  readonly bounds: Bounds;
  readonly globalLimit: GlobalLimit;
  /** Until the model is expected to serve. */
  readonly retryAfterMs: () => number;
}

interface Waiting extends QueueEntry {
  readonly go: () => void;
}

/**
 * Calls that wait for a model that loads. They are in no queue yet: what they ask is checked against the
 * model once it is known. Bounds and fairness are those of its queue and of the whole server.
 */
export class LoadingCalls {
  readonly #options: LoadingCallsOptions;
  readonly #waiting = new Set<Waiting>();

  constructor(options: LoadingCallsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Resolves when the model may serve: look again. Throws QUEUE_FULL, or the signal's reason. */
  wait({ caller, user, priority, tokens, signal }: WaitingCall): Promise<void> {
    if (signal.aborted) return Promise.reject(ServeError.from(signal.reason));
    const { promise, resolve, reject }: PromiseWithResolvers<void> = Promise.withResolvers();
    const leave = (): void => {
      signal.removeEventListener("abort", abort);
      this.#waiting.delete(waiting);
      this.#options.globalLimit.leave(waiting);
    };
    const fail = (error: ServeError): void => {
      leave();
      reject(error);
    };
    const abort = (): void => fail(ServeError.from(signal.reason));
    const waiting: Waiting = {
      ...{ caller, user, priority, tokens, promptTokens: tokens, isRetry: false },
      go: () => {
        leave();
        resolve();
      },
      fail,
      giveWay: (refusal) => fail(this.#full(refusal)),
    };
    try {
      this.#admit(waiting);
    } catch (thrown) {
      return Promise.reject(ServeError.from(thrown));
    }
    this.#waiting.add(waiting);
    this.#options.globalLimit.enter(waiting);
    signal.addEventListener("abort", abort, { once: true });
    return promise;
  }

  /** Lets all go, in the order in which they came. */
  release(): void {
    for (const waiting of [...this.#waiting]) waiting.go();
  }

  #admit(newcomer: Waiting): void {
    const { bounds, globalLimit } = this.#options;
    const own = admit([...this.#waiting], newcomer, bounds);
    const refusal = admitBoth(newcomer, own, globalLimit);
    if (refusal !== undefined) throw this.#full(refusal);
  }

  #full({ bound, scope }: Refusal): ServeError {
    const where = scope === "model" ? "for this model to be loaded" : "in this server";
    return new ServeError("QUEUE_FULL", `too many calls wait ${where}; try again later`, {
      facts: { bound, scope, waiting: String(this.#waiting.size) },
      retryAfterMs: this.#options.retryAfterMs(),
    });
  }
}
