/** A job's way through a model: its turn in the queue, its worker, another one where that dies in time. */
import type { Clock } from "../base/clock.ts";
import { type Reason, ServeError } from "../base/errors.ts";
import type { ModelMeter } from "../base/meter.ts";
import type { Queue } from "../scheduling/queue.ts";
import type { Ticket } from "../scheduling/ticket.ts";
import { workOf } from "../scheduling/work.ts";
import { costOf } from "../workers/credit.ts";
import type { WorkerEvent } from "../workers/messages.ts";
import type { Replica } from "../workers/replica.ts";
import { Attempt } from "./attempt.ts";
import { JobWatch } from "./job-watch.ts";
import type { ModelStatus, Submission } from "./model.ts";
import type { Quarantine } from "../jobs/quarantine/quarantine.ts";
import { assertServing, retryAfter } from "./resolve.ts";
import { fromArrival } from "./timings.ts";

export interface RunsOptions {
  readonly queue: Queue<Replica>;
  readonly quarantine: Quarantine;
  readonly clock: Pick<Clock, "now">;
  readonly meter: ModelMeter;
  /** The model as it stands now. */
  readonly look: () => ModelStatus;
}

/** How a job enters the queue. */
interface Turn {
  readonly ticket: Ticket;
  readonly isRetry: boolean;
  /** Hears where the job is. */
  readonly watch: Pick<JobWatch, "reached">;
}

/** Runs jobs on one model's workers. Keeps nothing of them but their number. */
export class Runs {
  readonly #options: RunsOptions;
  #open = 0;
  #idled: () => void = () => undefined;

  constructor(options: RunsOptions) {
    this.#options = options;
  }

  /** Resolves once none waits or runs; one that begins meanwhile is waited for as well. */
  async idle(): Promise<void> {
    while (this.#open > 0) await new Promise<void>((resolve) => (this.#idled = resolve));
  }

  async *run(submission: Submission): AsyncGenerator<WorkerEvent, void> {
    const { quarantine, clock, meter, look } = this.#options;
    const { job, signal, arrivedAt } = submission;
    const status = look();
    assertServing(status);
    const ticket = ticketOf(submission, status.info?.contextLength ?? 0);
    const watch = new JobWatch({ meter, kind: job.kind, arrivedAt, now: clock.now });
    this.#open += 1;
    // Stands where whoever reads the events leaves though nothing has ended the call: no caller does that.
    let failure: unknown = new Error("a job's events were not read to their end");
    try {
      for (let isRetry = false; ; isRetry = true) {
        let isUntouched = true;
        try {
          const turn = { ticket, isRetry, watch };
          // Whoever is no suspect is in the queue in the same turn: a model that closes must find it there.
          const events = quarantine.suspects(job)
            ? this.#try(submission, turn)
            : this.#enqueue(submission, turn);
          for await (const event of events) {
            isUntouched = false;
            watch.saw(event);
            yield event;
          }
          return;
        } catch (thrown) {
          if (!isWorkerExit(thrown)) throw thrown;
          quarantine.assertNotBlocked(job);
          if (isRetry || !isUntouched) throw exited(look());
          this.#assertAlive();
        }
      }
    } catch (thrown) {
      failure = thrown;
      throw thrown;
    } finally {
      watch.ended(reasonOf(signal, failure));
      this.#open -= 1;
      if (this.#open === 0) this.#idled();
    }
  }

  /** Runs a suspect when it is its turn, as an interactive job: the other suspects wait for its end. */
  async *#try(submission: Submission, turn: Turn): AsyncGenerator<WorkerEvent, void> {
    const { job, signal } = submission;
    const { tokens } = turn.ticket;
    turn.watch.reached("suspect");
    const probation = await this.#options.quarantine.enter(job, { tokens, signal });
    try {
      this.#assertAlive();
      let given = 0;
      const ticket: Ticket = { ...turn.ticket, priority: "interactive" };
      for await (const event of this.#enqueue(submission, { ...turn, ticket })) {
        given += costOf(event);
        probation?.gave(given);
        yield event;
      }
      probation?.finished();
    } finally {
      probation?.leave();
    }
  }

  async *#enqueue(
    submission: Submission,
    { ticket, isRetry, watch }: Turn,
  ): AsyncGenerator<WorkerEvent, void> {
    const { signal, arrivedAt, expiresAt, isAdmitted = false } = submission;
    const { queue, clock } = this.#options;
    watch.reached("admission");
    const { priority } = ticket;
    const start = (replica: Replica) => {
      const events = replica.run({ ...submission, priority });
      const begun = { attempt: new Attempt(clock.now()), events };
      watch.reached("worker");
      return begun;
    };
    const waits = () => watch.reached("queue");
    const entry = { ticket, start, waits, signal, expiresAt, isAdmitted, isRetry };
    const { attempt, events } = await queue.run(entry);
    try {
      for await (const event of events) {
        attempt.note(event, clock.now());
        const isLast = event.kind === "finish";
        yield isLast ? fromArrival(event, events.endedAt - arrivedAt) : event;
      }
    } finally {
      const error = signal.aborted ? ServeError.from(signal.reason) : undefined;
      queue.end({ ticket, error, ...attempt.ending(events.endedAt || clock.now()) });
    }
  }

  /** A job waits for a worker that restarts, but not for one that was given up. */
  #assertAlive(): void {
    const status = this.#options.look();
    if (status.state !== "loading") assertServing(status);
  }
}

function ticketOf({ job, caller, user, priority }: Submission, contextLength: number): Ticket {
  return { caller, user, priority, ...workOf(job, contextLength) };
}

/** Why a job ended. One that the signal has stopped may throw anything; the signal knows why. */
function reasonOf(signal: AbortSignal, failure: unknown): Reason {
  return ServeError.from(signal.aborted ? signal.reason : failure).reason;
}

function isWorkerExit(thrown: unknown): boolean {
  return thrown instanceof ServeError && thrown.reason === "WORKER_EXITED";
}

/** Says when to come back: at once where another worker serves, else when this one should be up again. */
function exited(status: ModelStatus): ServeError {
  return new ServeError("WORKER_EXITED", "the model's worker has exited; try again", {
    retryAfterMs: retryAfter(status),
  });
}
