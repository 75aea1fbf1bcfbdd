import { IdList } from "../base/id-list.ts";
import type { Priority } from "../base/priority.ts";
import type { Engine, Job, JobContext } from "../engines/engine.ts";
import { Credit } from "./credit.ts";
import type { ToWorker } from "./messages.ts";

/** A job that is to be given to the engine. */
export interface NewJob {
  readonly id: number;
  readonly job: Job;
  readonly context: JobContext;
  /** Pieces or items that may be sent before more credit comes. */
  readonly credit: number;
}

export interface HeldJob extends NewJob {
  readonly left: Credit;
  /** Its caller does not read, or steps are computed without it. */
  isPaused: boolean;
  hasStarted: boolean;
  /** Whether its caller was given anything. */
  hasGiven: boolean;
}

type JobCommand = Extract<ToWorker, { readonly kind: "job" }>;

/** A job as the server sent it, at this time by the host's clock. */
export function newJobOf({ id, job, credit, ...call }: JobCommand, now: number): NewJob {
  const { requestId, priority, leftMs, traceparent } = call;
  const trace = traceparent === undefined ? {} : { traceparent };
  return { id, job, credit, context: { deadlineMs: now + leftMs, requestId, priority, ...trace } };
}

/** Owns which jobs an engine holds, and which of them it pauses. */
export class EngineJobs {
  readonly #engine: Pick<Engine, "add" | "cancel" | "pause" | "resume">;
  readonly #jobs = new IdList<HeldJob>();
  #isBatchHeld = false;

  constructor(engine: Pick<Engine, "add" | "cancel" | "pause" | "resume">) {
    this.#engine = engine;
  }

  get(id: number): HeldJob | undefined {
    return this.#jobs.get(id);
  }

  /** The priorities of the jobs whose callers read. */
  get ready(): readonly Priority[] {
    return this.#jobs.values.flatMap(({ left, context }) => (left.isSpent ? [] : context.priority));
  }

  /** Those that a step computes. */
  get running(): readonly HeldJob[] {
    return this.#jobs.values.filter(({ isPaused }) => !isPaused);
  }

  /** Gives the engine a job, and throws what it throws for one that it refuses. */
  add(added: NewJob, { hasStarted }: Pick<HeldJob, "hasStarted">): void {
    const { id, job, context, credit } = added;
    this.#engine.add(id, job, context);
    const state = { isPaused: false, hasStarted, hasGiven: false };
    this.#jobs.add(id, { ...added, left: new Credit(credit), ...state });
  }

  /** Takes a job from the engine; ignores an unknown id. */
  cancel(id: number): void {
    if (this.#jobs.take(id) !== undefined) this.#engine.cancel(id);
  }

  /** Notes that the engine has ended a job. */
  ended(id: number): void {
    this.#jobs.take(id);
  }

  /** None comes for a job that waits: nothing of it was sent that could be read. */
  grant(id: number, credit: number): void {
    const job = this.#jobs.get(id);
    if (job === undefined) return;
    job.left.grant(credit);
    this.#settle(job);
  }

  charge(id: number, cost: number): void {
    const job = this.#jobs.get(id);
    if (job === undefined || cost === 0) return;
    job.left.spend(cost);
    this.#settle(job);
  }

  /** Has the next step computed without batch jobs, or with them. */
  holdBatch(isHeld: boolean): void {
    this.#isBatchHeld = isHeld;
    for (const job of this.#jobs.values) this.#settle(job);
  }

  /** Pauses a job, or lets it go on. */
  #settle(job: HeldJob): void {
    const isHeld = this.#isBatchHeld && job.context.priority === "batch";
    const isPaused = job.left.isSpent || isHeld;
    if (isPaused === job.isPaused) return;
    job.isPaused = isPaused;
    if (isPaused) this.#engine.pause(job.id);
    else this.#engine.resume(job.id);
  }
}
