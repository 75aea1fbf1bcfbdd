import type { EngineJobs, HeldJob, NewJob } from "./engine-jobs.ts";
import type { StepResults } from "./step-results.ts";
import type { Trials } from "./trials.ts";

export interface JobStartsParts {
  readonly jobs: EngineJobs;
  readonly trials: Trials<HeldJob>;
  readonly results: Pick<StepResults, "fail">;
}

const fresh = { hasStarted: false };

/** Owns the jobs that the engine has not been given yet, oldest first. */
export class JobStarts {
  readonly #parts: JobStartsParts;
  #waiting: readonly NewJob[] = [];

  constructor(parts: JobStartsParts) {
    this.#parts = parts;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0 && !this.#parts.trials.isOpen;
  }

  add(job: NewJob): void {
    this.#waiting = [...this.#waiting, job];
  }

  cancel(id: number): void {
    this.#waiting = this.#waiting.filter((job) => job.id !== id);
    this.#parts.trials.cancel(id);
  }

  /** Gives the engine those that wait until time is up, at least one; while jobs are tried, one of them alone. */
  begin(isTimeUp: () => boolean): void {
    const { trials } = this.#parts;
    if (trials.isOpen) {
      const next = trials.next();
      if (next !== undefined) this.#begin(next, next);
      return;
    }
    for (;;) {
      const [next, ...rest] = this.#waiting;
      this.#waiting = rest;
      if (next === undefined) return;
      this.#begin(next, fresh);
      if (isTimeUp()) return;
    }
  }

  #begin(job: NewJob, state: Pick<HeldJob, "hasStarted">): void {
    const { jobs, results } = this.#parts;
    try {
      jobs.add(job, state);
    } catch (thrown) {
      results.fail(job, thrown);
    }
  }
}
