import type { ServeError } from "../base/errors.ts";
import { costOf } from "./credit.ts";
import type { WorkerEvent } from "./messages.ts";

/** What a stream tells its channel. */
export interface StreamOwner {
  /** The reader took something of this cost. */
  read(cost: number): void;
  /** The reader left early. */
  left(): void;
}

/**
 * One job's events between the worker that sends them and the one reader that takes them. Credit
 * bounds what lies here. Ends after `finish`, or throws what it was failed with.
 */
export class JobStream implements AsyncIterableIterator<WorkerEvent> {
  readonly #events: WorkerEvent[] = [];
  readonly #owner: StreamOwner;
  #failure: { readonly error: unknown } | undefined;
  #isEnded = false;
  #wake: (() => void) | undefined;

  constructor(owner: StreamOwner) {
    this.#owner = owner;
  }

  push(event: WorkerEvent): void {
    this.#events.push(event);
    this.#wake?.();
  }

  /** Nothing comes after what was pushed. */
  end(): void {
    this.#close();
  }

  /** The reader sees what was pushed, then the error. */
  fail(error: ServeError): void {
    this.#failure ??= { error };
    this.#close();
  }

  /** The reader sees the error next: it is not interested in the rest. */
  abort(reason: unknown): void {
    this.#events.length = 0;
    this.#failure = { error: reason };
    this.#close();
  }

  /** One reader only: a call waits for the call before it. */
  async next(): Promise<IteratorResult<WorkerEvent, undefined>> {
    for (;;) {
      const event = this.#events.shift();
      if (event !== undefined) {
        this.#owner.read(costOf(event));
        return { done: false, value: event };
      }
      if (this.#failure !== undefined) throw this.#failure.error;
      if (this.#isEnded) return { done: true, value: undefined };
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  return(): Promise<IteratorResult<WorkerEvent, undefined>> {
    this.#events.length = 0;
    this.#failure = undefined;
    this.#close();
    this.#owner.left();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #close(): void {
    this.#isEnded = true;
    this.#wake?.();
  }
}
