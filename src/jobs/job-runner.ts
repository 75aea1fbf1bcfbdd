/** A job's way through a model: quarantine where it is suspected, its turn in the queue, its worker, another one where that dies in time. */
import type { Clock } from "../base/clock.ts";
import { ServeError } from "../base/errors.ts";
import type { ModelMeter } from "../base/meter.ts";
import type { Queue } from "../scheduling/queue.ts";
import type { EndedJob } from "../scheduling/queue-entry.ts";
import type { Replica } from "../workers/replica.ts";
import { type Attempt, type JobHost, JobRun } from "./job-run.ts";
import { JobRecord } from "./job-record.ts";
import { onProbation } from "./quarantine/attempt.ts";
import type { Quarantine } from "./quarantine/quarantine.ts";
import type { Submission } from "./submission.ts";

/** The model of the jobs, as it stands when it is asked. */
export interface JobModel {
  /** Throws where it takes no jobs now. */
  readonly assertServing: () => void;
  /** Throws where no worker of it will serve any more: a job waits for one that restarts. */
  readonly assertNotGivenUp: () => void;
  /** Zero until it is known. */
  readonly contextLength: () => number;
  /** When a job may succeed that its worker's death ended. */
  readonly retryAfterMs: () => number;
}

export interface JobRunnerOptions {
  readonly model: JobModel;
  readonly queue: Queue<Replica>;
  readonly quarantine: Quarantine;
  readonly clock: Pick<Clock, "now">;
  readonly meter: ModelMeter;
}

/** Runs jobs on one model's workers. Keeps nothing of them but their number. */
export class JobRunner {
  readonly #options: JobRunnerOptions;
  readonly #host: JobHost;
  #open = 0;
  #idled: () => void = () => undefined;

  constructor(options: JobRunnerOptions) {
    this.#options = options;
    this.#host = {
      meter: options.meter,
      now: options.clock.now,
      begin: () => {
        options.model.assertServing();
        this.#open += 1;
      },
      start: (job) => this.#start(job),
      assertRetryable: (job, thrown) => this.#assertRetryable(job, thrown),
      ended: () => {
        this.#open -= 1;
        if (this.#open === 0) this.#idled();
      },
    };
  }

  run(submission: Submission): JobRun {
    const job = new JobRecord(submission, this.#options.model.contextLength());
    return new JobRun(job, this.#host);
  }

  /** Resolves once none waits or runs; one that begins meanwhile is waited for as well. */
  async idle(): Promise<void> {
    while (this.#open > 0) await new Promise<void>((resolve) => (this.#idled = resolve));
  }

  /** A job that is no suspect is in the queue before this returns: a model that closes must find it there. */
  #start(job: JobRecord): Promise<Attempt> {
    const isSuspect = this.#options.quarantine.suspects(job.submission.job);
    return isSuspect ? this.#startSuspect(job) : this.#enqueue(job);
  }

  /** Starts a suspect when it is its turn: the other suspects wait for its end. */
  async #startSuspect(job: JobRecord): Promise<Attempt> {
    const { quarantine, model } = this.#options;
    const { job: asked, signal } = job.submission;
    job.suspected();
    const probation = await quarantine.enter(asked, { tokens: job.ticket.tokens, signal });
    try {
      model.assertNotGivenUp();
      const attempt = await this.#enqueue(job);
      return probation === undefined ? attempt : onProbation(attempt, probation, job);
    } catch (thrown) {
      probation?.leave();
      throw thrown;
    }
  }

  async #enqueue(job: JobRecord): Promise<Attempt> {
    const { queue, clock } = this.#options;
    const { submission } = job;
    const { signal, expiresAt, isAdmitted = false } = submission;
    const { ticket, isRetry } = job;
    const { priority } = ticket;
    job.enters();
    const start = (replica: Replica) => {
      const events = replica.run({ ...submission, priority, progress: job });
      job.starts(clock.now());
      return events;
    };
    const waits = (): void => job.waits(clock.now());
    const entry = { ticket, start, waits, signal, expiresAt, isAdmitted, isRetry };
    const events = await queue.run(entry);
    return {
      next: () => events.next(),
      end: () => {
        void events.return();
        queue.end({ ticket, ...endingOf(job, clock.now()) });
      },
    };
  }

  /** A job starts over once, and only where its call was given nothing. */
  #assertRetryable(job: JobRecord, thrown: unknown): void {
    const { quarantine, model } = this.#options;
    if (!(thrown instanceof ServeError) || thrown.reason !== "WORKER_EXITED") throw thrown;
    quarantine.assertNotBlocked(job.submission.job);
    if (job.isRetry || job.isStarted) throw exited(model.retryAfterMs());
    model.assertNotGivenUp();
  }
}

/** What the queue learns of a job that was started, if its slot is free from now on. */
function endingOf(job: JobRecord, now: number): Omit<EndedJob, "ticket"> {
  const { signal } = job.submission;
  const { started = now, firstOutput, computed = now } = job.times;
  return {
    heldMs: computed - started,
    firstOutputMs: firstOutput === undefined ? undefined : firstOutput - started,
    generatedTokens: job.counts.completionTokens,
    error: signal.aborted ? ServeError.from(signal.reason) : undefined,
  };
}

/** Says when to come back: at once where another worker serves, else when this one should be up again. */
function exited(retryAfterMs: number): ServeError {
  return ServeError.of("WORKER_EXITED", { retryAfterMs });
}
