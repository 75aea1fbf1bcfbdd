import { IdList } from "../base/id-list.ts";
import type { Priority } from "../base/priority.ts";
import type { ModelMeter } from "../base/meter.ts";
import type { Job } from "../engines/engine.ts";
import { costOf, Credit, creditWindow, Refund } from "./credit.ts";
import { JobStream } from "./job-stream.ts";
import type { FromWorker, ToWorker, WorkerEvent } from "./messages.ts";
import { completionTokensOf, promptTokensOf } from "./token-counts.ts";
import { receivedError, workerExited } from "./worker-errors.ts";

/** What a channel sends through; a test passes a plain object. */
interface Sender {
  send(message: ToWorker): void;
}

export interface ChannelOptions {
  readonly port: Sender;
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number;
  readonly meter: ModelMeter;
  /**
   * Called before the first job is sent and after the last one ended or was parked: whether the worker has
   * work.
   */
  readonly onBusy: (isBusy: boolean) => void;
  /** A job ended: its place in the worker is free. */
  readonly onFree: () => void;
}

/** A job that a worker held when it died. */
export interface Held {
  readonly job: Job;
  /** Pieces or items that it had given. */
  readonly given: number;
}

/** What is noted of a job while a worker has it. */
export interface JobProgress {
  /** Pieces or vectors that have come from the worker. */
  readonly given: number;
  /** Called with each event of it when that comes, and with the time. */
  arrived(event: WorkerEvent, at: number): void;
}

/** A job whose call has ended before it. */
interface Cancelled {
  readonly pending: Pending;
  readonly at: number;
  /** Pieces or items that came for it since. */
  wasted: number;
}

/** What a worker is asked to do. */
export interface Assignment {
  readonly job: Job;
  readonly requestId: string;
  readonly priority: Priority;
  /** When its call ends whatever happens, by the channel's clock; Infinity for never. */
  readonly expiresAt: number;
  /** The caller's place in a trace. */
  readonly traceparent?: string | undefined;
  readonly signal: AbortSignal;
  readonly progress: JobProgress;
}

interface Pending {
  readonly job: Job;
  readonly priority: Priority;
  readonly progress: JobProgress;
  readonly stream: JobStream;
  /** What the worker may still send for it: with none left, it is parked. */
  readonly credit: Credit;
  /** Stops listening to the caller's signal. */
  release(): void;
}

/** Gives jobs to one worker process and matches its answers to them. */
export class Channel {
  readonly #options: ChannelOptions;
  readonly #pending = new IdList<Pending>();
  /** Until the worker says that it holds nothing for them. */
  readonly #cancelled = new IdList<Cancelled>();
  #isBusy = false;
  #nextId = 1;
  #isOpen = true;

  constructor(options: ChannelOptions) {
    this.#options = options;
  }

  /** Jobs that the worker holds. */
  get jobs(): number {
    return this.#pending.size;
  }

  /** Batch jobs among them. */
  get batchJobs(): number {
    return this.#pending.values.filter(({ priority }) => priority === "batch").length;
  }

  /** What the worker may be computing: the jobs it holds, and those whose cancellation it has not confirmed. */
  get held(): readonly Held[] {
    const cancelled = this.#cancelled.values.map(({ pending }) => pending);
    return [...this.#pending.values, ...cancelled].map(({ job, progress: { given } }) => ({
      job,
      given,
    }));
  }

  /**
   * Sends a job at once. Reading its events to the end, leaving their loop, and aborting the signal: each of these
   * frees the job's slot.
   */
  run(assignment: Assignment): JobStream {
    const { job, requestId, priority, expiresAt, traceparent, signal, progress } = assignment;
    signal.throwIfAborted();
    if (!this.#isOpen) throw workerExited();
    const id = this.#nextId++;
    const refund = new Refund(creditWindow);
    const stream = new JobStream({
      read: (cost) => {
        const credit = refund.read(cost);
        if (credit > 0) this.#grant(id, credit);
      },
      left: () => this.#cancel(id),
    });
    const abort = (): void => {
      stream.abort(signal.reason);
      this.#cancel(id);
    };
    signal.addEventListener("abort", abort, { once: true });
    const release = (): void => signal.removeEventListener("abort", abort);
    const credit = new Credit(creditWindow);
    this.#pending.add(id, { job, priority, progress, stream, credit, release });
    // Before the job, so that the worker's first step has its share of the cores.
    this.#tellBusy();
    const leftMs = expiresAt - this.#options.now();
    const call = { requestId, priority, leftMs, ...(traceparent !== undefined && { traceparent }) };
    this.#send({ kind: "job", id, job, ...call, credit: creditWindow });
    return stream;
  }

  /** Takes what a step gave. */
  receive(events: Extract<FromWorker, { readonly kind: "step" }>["events"]): void {
    const now = this.#options.now();
    for (const { id, event } of events) {
      const pending = this.#pending.get(id);
      if (pending === undefined) {
        // A cancelled job's last events: of the step under way, or they crossed our cancel on the wire.
        const cancelled = this.#cancelled.get(id);
        if (cancelled !== undefined) cancelled.wasted += tokensOf(event, cancelled.pending.job);
        continue;
      }
      if (event.kind === "failed") {
        pending.stream.fail(receivedError(event.error));
        this.#end(id);
      } else {
        pending.progress.arrived(event, now);
        pending.credit.spend(costOf(event));
        pending.stream.push(event);
        if (event.kind !== "finish") continue;
        pending.stream.end();
        this.#end(id);
      }
    }
    this.#tellBusy();
  }

  /** The worker holds nothing for these cancelled jobs any more. */
  freed(ids: readonly number[]): void {
    const { meter, now } = this.#options;
    for (const id of ids) {
      const cancelled = this.#cancelled.take(id);
      if (cancelled === undefined) continue;
      meter.freed(now() - cancelled.at, cancelled.wasted);
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
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#cancelled.add(id, { pending, at: this.#options.now(), wasted: 0 });
    this.#send({ kind: "cancel", id });
    this.#end(id);
  }

  #grant(id: number, credit: number): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    pending.credit.grant(credit);
    this.#tellBusy();
    this.#send({ kind: "credit", id, credit });
  }

  /** A worker whose every job is parked leaves its cores to others. */
  #tellBusy(): void {
    const isBusy = this.#hasWork();
    if (isBusy === this.#isBusy) return;
    this.#isBusy = isBusy;
    this.#options.onBusy(isBusy);
  }

  #end(id: number): void {
    this.#pending.take(id)?.release();
    // First, since a job that waits may take the place: the worker then keeps its share of the cores.
    this.#options.onFree();
    this.#tellBusy();
  }

  #hasWork(): boolean {
    return this.#pending.values.some(({ credit }) => !credit.isSpent);
  }

  #send(message: ToWorker): void {
    this.#options.port.send(message);
  }
}

function tokensOf(event: WorkerEvent, job: Job): number {
  return completionTokensOf(event, job) + promptTokensOf(event);
}
