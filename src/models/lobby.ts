import { ServeError } from "../base/errors.ts";
import { admit, type Bounds } from "../scheduling/admission.ts";
import type { QueueEntry, Refusal, GlobalLimit } from "../scheduling/global-limit.ts";
import type { WaitingCall } from "./model.ts";

export interface LobbyOptions {
  /** The model's queue's: what waits here will wait there. */
  readonly bounds: Bounds;
  readonly room: GlobalLimit;
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
export class Lobby {
  readonly #options: LobbyOptions;
  readonly #waiting = new Set<Waiting>();

  constructor(options: LobbyOptions) {
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
      this.#options.room.leave(waiting);
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
    this.#options.room.enter(waiting);
    signal.addEventListener("abort", abort, { once: true });
    return promise;
  }

  /** Lets all go, in the order in which they came. */
  open(): void {
    for (const waiting of [...this.#waiting]) waiting.go();
  }

  #admit(newcomer: Waiting): void {
    const { bounds, room } = this.#options;
    const own = admit([...this.#waiting], newcomer, bounds);
    if (own.kind === "refuse") throw this.#full({ bound: own.bound, scope: "model" });
    const leaving = own.givingWay.map(({ job }) => job);
    const all = room.admit(newcomer, leaving);
    if (all.kind === "refuse") throw this.#full({ bound: all.bound, scope: "server" });
    for (const { job, bound } of own.givingWay) job.giveWay({ bound, scope: "model" });
    for (const { job, bound } of all.givingWay) job.giveWay({ bound, scope: "server" });
  }

  #full({ bound, scope }: Refusal): ServeError {
    const where = scope === "model" ? "for this model to be loaded" : "in this server";
    return new ServeError("QUEUE_FULL", `too many calls wait ${where}; try again later`, {
      facts: { bound, scope, waiting: String(this.#waiting.size) },
      retryAfterMs: this.#options.retryAfterMs(),
    });
  }
}
