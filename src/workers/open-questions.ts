import { ServeError } from "../base/errors.ts";
import { IdList } from "../base/id-list.ts";
import type { Answer, AnswerTo, Question } from "../engines/engine.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import { receivedError, workerExited } from "./worker-errors.ts";

/** Questions that one worker may have: each can be as large as a request. */
export const mostQuestions = 32;

/** A worker that has so many answers a few of them within this time. */
const retryAfterMs = 1_000;

export interface OpenQuestionsOptions {
  readonly port: { send(message: ToWorker): void };
  /** A question has ended, or all have. */
  readonly onEnd: () => void;
}

interface Pending {
  resolve(answer: Answer): void;
  reject(reason: unknown): void;
  /** Stops listening to the caller's signal. */
  release(): void;
}

/** Asks one worker process questions, and matches its answers to them. */
export class OpenQuestions {
  readonly #options: OpenQuestionsOptions;
  readonly #pending = new IdList<Pending>();
  /** Questions whose callers have left. Each keeps its place until the worker is done with it. */
  readonly #forgotten = new Set<number>();
  #nextId = 1;
  #isOpen = true;

  constructor(options: OpenQuestionsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#pending.size + this.#forgotten.size;
  }

  /** Throws QUEUE_FULL where too many wait, the signal's reason, and what the engine throws. */
  async ask<Q extends Question>(question: Q, signal: AbortSignal): Promise<AnswerTo<Q>> {
    signal.throwIfAborted();
    if (!this.#isOpen) throw workerExited();
    if (this.size >= mostQuestions) {
      const message = "too many questions wait for the model; try again";
      throw new ServeError("QUEUE_FULL", message, { retryAfterMs });
    }
    const { port } = this.#options;
    const id = this.#nextId++;
    const { promise, ...settle } = Promise.withResolvers<Answer>();
    const abort = (): void => {
      port.send({ kind: "forget", id });
      this.#forgotten.add(id);
      this.#take(id)?.reject(signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
    this.#pending.add(id, {
      ...settle,
      release: () => signal.removeEventListener("abort", abort),
    });
    port.send({ kind: "ask", id, question });
    // The worker has checked that it is one to such a question.
    return (await promise) as AnswerTo<Q>;
  }

  /** Takes an answer; nothing waits for one that was given up. */
  receive(message: Extract<FromWorker, { readonly kind: "answer" | "unanswered" }>): void {
    const pending = this.#take(message.id);
    if (pending === undefined && !this.#forgotten.delete(message.id)) return;
    this.#options.onEnd();
    if (message.kind === "answer") pending?.resolve(message.answer);
    else pending?.reject(receivedError(message.error));
  }

  /** The worker is gone: fails all its questions at once. */
  close(): void {
    this.#isOpen = false;
    const ended = this.size;
    this.#forgotten.clear();
    for (const id of this.#pending.ids) this.#take(id)?.reject(workerExited());
    if (ended > 0) this.#options.onEnd();
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.take(id);
    pending?.release();
    return pending;
  }
}
