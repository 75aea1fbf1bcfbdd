import { ServeError } from "../base/errors.ts";
import type { JobEvent, ModelInfo, StepEvent } from "../engines/engine.ts";
import { describe } from "./describe.ts";
import { assertEvent } from "./engine-checks.ts";
import type { EngineJobs, HeldJob, NewJob } from "./engine-jobs.ts";
import type { FromWorker } from "./messages.ts";
import { type JobOutput, Outbox } from "./outbox.ts";
import type { Trials } from "./trials.ts";

export interface StepResultsParts {
  /** What the engine can do. */
  readonly tasks: ModelInfo["tasks"];
  readonly jobs: EngineJobs;
  readonly trials: Trials<HeldJob>;
  readonly send: (message: Extract<FromWorker, { readonly kind: "log" }>) => void;
}

/** Takes what an engine gives its jobs, event by event: a wrong one fails its job, and no other. */
export class StepResults {
  readonly #parts: StepResultsParts;
  readonly #outbox = new Outbox();
  #hasUnknownId = false;

  constructor(parts: StepResultsParts) {
    this.#parts = parts;
  }

  collect(events: readonly StepEvent[]): void {
    const { jobs, tasks } = this.#parts;
    for (const { id, event } of events) {
      const job = jobs.get(id);
      if (job === undefined) {
        this.#noteUnknownId();
        continue;
      }
      try {
        assertEvent(event, job.job, tasks);
        this.#take(job, event);
      } catch (thrown) {
        // The engine has it still.
        jobs.cancel(id);
        this.fail(job, thrown);
      }
    }
  }

  /** A step has thrown: its jobs are tried one at a time, and fail where that is not possible. */
  recover(thrown: unknown): void {
    const { jobs, trials, send } = this.#parts;
    const { running } = jobs;
    // No job is the cause, or every job is: the engine is.
    if (running.length === 0 || trials.isHopeless) throw thrown;
    for (const { id } of running) jobs.cancel(id);
    const failed = trials.threw(running);
    for (const job of failed) this.fail(job, thrown);
    if (failed.length === running.length) return;
    const message = "a step failed: its jobs are tried again, one at a time";
    send({ kind: "log", level: "warn", message });
  }

  /** Ends a job that the engine has refused, or that failed for a reason which is no caller's. */
  fail(failed: NewJob, thrown: unknown): void {
    const { id, context } = failed;
    this.#parts.trials.passed(id);
    const error = ServeError.from(thrown);
    if (error.reason === "INTERNAL") {
      const message = `the engine failed a job: ${describe(error.cause ?? error)}`;
      this.#parts.send({ kind: "log", level: "error", message, requestId: context.requestId });
    }
    this.#outbox.add(failed, { kind: "failed", error: error.toData() });
  }

  /** Gives all that is to be sent, and forgets it. */
  take(): readonly JobOutput[] {
    return this.#outbox.take();
  }

  #take(job: HeldJob, event: JobEvent): void {
    const { jobs, trials } = this.#parts;
    const { id } = job;
    if (event.kind !== "started" || !job.hasStarted) this.#outbox.add(job, event);
    job.hasStarted = true;
    if (event.kind === "finish" || event.kind === "failed") jobs.ended(id);
    if (event.kind === "started") return;
    job.hasGiven = true;
    trials.gave(id);
  }

  /** Said once: an engine that does this does it often. */
  #noteUnknownId(): void {
    if (this.#hasUnknownId) return;
    this.#hasUnknownId = true;
    const message = "the engine sent an event for a job that it does not have; it was dropped";
    this.#parts.send({ kind: "log", level: "warn", message });
  }
}
