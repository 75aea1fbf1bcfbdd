import { codes, ServeError } from "../base/errors.ts";
import type { ErrorData } from "../base/errors.ts";
import type { ModelMeter } from "../base/meter.ts";
import type { Job } from "../engines/engine.ts";
import { creditWindow, Refund } from "./credit.ts";
import { JobStream } from "./job-stream.ts";
import type { FromWorker, ToWorker, VectorShape } from "./messages.ts";

/** What a channel sends through; a test passes a plain object. */
export interface Sender {
  send(message: ToWorker): void;
}

export interface ChannelOptions {
  readonly port: Sender;
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number;
  readonly meter: ModelMeter;
  /** Called before the first job is sent and after the last one ended: whether the worker has work. */
  readonly onBusy: (isBusy: boolean) => void;
  /** A job ended: its place in the worker is free. */
  readonly onFree: () => void;
}

interface Pending {
  readonly stream: JobStream;
  /** Stops listening to the caller's signal. */
  release(): void;
}

/** Gives jobs to one worker process and matches its answers to them. */
export class Channel {
  readonly #options: ChannelOptions;
  readonly #pending = new Map<number, Pending>();
  /** When each job was cancelled that the worker may still hold. */
  readonly #cancelled = new Map<number, number>();
  #nextId = 1;
  #isOpen = true;

  constructor(options: ChannelOptions) {
    this.#options = options;
  }

  /** Jobs that the worker holds. */
  get jobs(): number {
    return this.#pending.size;
  }

  /**
   * Sends a job at once. Whoever gets the events reads them to the end, leaves the loop, or aborts
   * the signal: each of these frees the job's place.
   */
  run(job: Job, shape: VectorShape, signal: AbortSignal): JobStream {
    signal.throwIfAborted();
    if (!this.#isOpen) throw workerExited();
    const id = this.#nextId++;
    const refund = new Refund(creditWindow);
    const stream = new JobStream({
      read: (cost) => {
        const credit = refund.read(cost);
        if (credit > 0 && this.#pending.has(id)) this.#send({ kind: "credit", id, credit });
      },
      left: () => this.#cancel(id),
    });
    const abort = (): void => {
      stream.abort(signal.reason);
      this.#cancel(id);
    };
    signal.addEventListener("abort", abort, { once: true });
    const release = (): void => signal.removeEventListener("abort", abort);
    this.#pending.set(id, { stream, release });
    // Before the job, so that the worker's first step has its share of the cores.
    if (this.#pending.size === 1) this.#options.onBusy(true);
    this.#send({ kind: "job", id, job, shape, credit: creditWindow });
    return stream;
  }

  /** Takes what a step gave. */
  receive(events: Extract<FromWorker, { readonly kind: "step" }>["events"]): void {
    for (const { id, event } of events) {
      const pending = this.#pending.get(id);
      // A cancelled job's last events can cross our cancel on the wire.
      if (pending === undefined) continue;
      if (event.kind === "failed") {
        pending.stream.fail(received(event.error));
        this.#end(id);
      } else {
        pending.stream.push(event);
        if (event.kind !== "finish") continue;
        pending.stream.end(this.#options.now());
        this.#end(id);
      }
    }
  }

  /** The worker holds nothing for these cancelled jobs any more. */
  freed(ids: readonly number[]): void {
    const { meter, now } = this.#options;
    for (const id of ids) {
      const cancelledAt = this.#cancelled.get(id);
      if (cancelledAt === undefined) continue;
      this.#cancelled.delete(id);
      meter.freed(now() - cancelledAt);
    }
  }

  /** The worker is gone: fails all its jobs at once. */
  close(): void {
    this.#isOpen = false;
    this.#cancelled.clear();
    for (const [id, { stream }] of this.#pending) {
      stream.fail(workerExited());
      this.#end(id);
    }
  }

  #cancel(id: number): void {
    if (!this.#pending.has(id)) return;
    this.#cancelled.set(id, this.#options.now());
    this.#send({ kind: "cancel", id });
    this.#end(id);
  }

  #end(id: number): void {
    this.#pending.get(id)?.release();
    this.#pending.delete(id);
    // First, since a job that waits may take the place: the worker then keeps its share of the cores.
    this.#options.onFree();
    if (this.#pending.size === 0) this.#options.onBusy(false);
  }

  #send(message: ToWorker): void {
    this.#options.port.send(message);
  }
}

function workerExited(): ServeError {
  return new ServeError("WORKER_EXITED", "the model's worker has exited; try again");
}

/** A user's engine may fail a job with anything; only reasons of the table go on. */
function received(data: ErrorData): ServeError {
  return Object.hasOwn(codes, data.reason)
    ? ServeError.fromData(data)
    : ServeError.from(new Error(`the engine failed with an unknown reason: ${data.message}`));
}
