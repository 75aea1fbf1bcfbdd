import { type Reason, ServeError } from "../base/errors.ts";
import type { ModelMeter } from "../base/meter.ts";
import type { WorkerEvent } from "../workers/messages.ts";
import { tellDelivery, tellEnd } from "./job-metrics.ts";
import type { JobRecord } from "./job-record.ts";
import { reserveFor, type Settle } from "./metering.ts";
import { fromArrival } from "./timings.ts";

/** A job on a worker. */
export interface Attempt {
  next(): Promise<IteratorResult<WorkerEvent, undefined>>;
  /** Frees what it holds; called once, however it ends. */
  end(): void;
}

/** Where a job runs. */
export interface JobHost {
  readonly meter: ModelMeter;
  /** The clock of the job's times. */
  readonly now: () => number;
  /** A job comes. Throws where none is taken now; then it has not come. */
  readonly begin: () => void;
  /** Waits for a worker and gives it the job. */
  readonly start: (job: JobRecord) => Promise<Attempt>;
  /** An attempt has failed. Throws what the caller is told, unless the job is to start over. */
  readonly assertRetryable: (job: JobRecord, thrown: unknown) => void;
  /** A job that has come is gone. */
  readonly ended: () => void;
}

const over: IteratorReturnResult<undefined> = { done: true, value: undefined };

/**
 * A job's events for its one reader. What the reader takes is noted in the job's record, and so is the end, however it
 * comes. Nothing happens before the first event is asked for.
 */
export class JobRun implements AsyncIterableIterator<WorkerEvent, undefined> {
  readonly job: JobRecord;
  readonly #host: JobHost;
  #attempt: Attempt | undefined;
  #settle: Settle | undefined;
  #hasCome = false;
  #isOver = false;

  constructor(job: JobRecord, host: JobHost) {
    this.job = job;
    this.#host = host;
  }

  async next(): Promise<IteratorResult<WorkerEvent, undefined>> {
    if (this.#isOver) return over;
    try {
      if (!this.#hasCome) this.#begin();
      const result = await this.#take();
      if (result.done !== true) return this.#deliver(result);
      this.#end(undefined);
      return over;
    } catch (thrown) {
      this.#end(thrown);
      throw thrown;
    }
  }

  /** The job is cancelled where it has not ended. */
  return(): Promise<IteratorReturnResult<undefined>> {
    // Reported where the reader leaves while the call is still open. No reader does today.
    if (this.#hasCome) this.#end(new Error("a job's events were not read to their end"));
    this.#isOver = true;
    return Promise.resolve(over);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #begin(): void {
    this.#settle = reserveFor(this.job);
    this.#host.begin();
    this.#hasCome = true;
  }

  /** The next event, from another worker where the first one died before it had given any. */
  async #take(): Promise<IteratorResult<WorkerEvent, undefined>> {
    for (;;) {
      try {
        this.#attempt ??= await this.#host.start(this.job);
        return await this.#attempt.next();
      } catch (thrown) {
        this.#leave();
        this.#host.assertRetryable(this.job, thrown);
        this.job.retries();
      }
    }
  }

  #deliver(result: IteratorYieldResult<WorkerEvent>): IteratorYieldResult<WorkerEvent> {
    const { meter, now } = this.#host;
    const event = fromArrival(result.value, this.job.times);
    const at = now();
    tellDelivery(meter, this.job, event, at);
    this.job.delivered(event, at);
    return event === result.value ? result : { done: false, value: event };
  }

  #leave(): void {
    const attempt = this.#attempt;
    this.#attempt = undefined;
    attempt?.end();
  }

  #end(thrown: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#leave();
    if (this.#hasCome) {
      const { job } = this;
      const failure = job.result === undefined ? reasonOf(job, thrown) : undefined;
      job.ended(failure, this.#host.now());
      tellEnd(this.#host.meter, job);
      this.#host.ended();
    }
    this.#settle?.(thrown);
  }
}

/** Why a job ended. One that the signal has stopped may throw anything; the signal knows why. */
function reasonOf({ submission: { signal } }: JobRecord, thrown: unknown): Reason {
  return ServeError.from(signal.aborted ? signal.reason : thrown).reason;
}
