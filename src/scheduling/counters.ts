import type { Reason } from "../base/errors.ts";
import type { Priority } from "../base/priority.ts";

/** Where a job was when it ended early. */
export type Stage = "queued" | "running";

/** How many jobs ended early, by where they were. */
type ByStage = Readonly<Record<Stage, number>>;

/** What a queue has counted since its model was loaded, and what it holds now. */
export interface QueueState {
  readonly waiting: number;
  readonly waitingTokens: number;
  readonly running: number;
  /** Jobs that were given to the engine, those that were tried again twice. */
  readonly started: number;
  /** Before they waited, but for those that gave way to another caller's. */
  readonly refused: Readonly<Record<Refused, number>>;
  /** By a deadline. */
  readonly expired: ByStage;
  /** By their callers. */
  readonly left: ByStage;
}

export type Refused = Extract<Reason, "QUEUE_FULL" | "WOULD_EXPIRE">;

/** Counts; whoever shows the counts reads them when it wants to. */
export class Counters {
  readonly running: Record<Priority, number> = { interactive: 0, batch: 0 };
  started = 0;
  readonly refused: Record<Refused, number> = { QUEUE_FULL: 0, WOULD_EXPIRE: 0 };
  readonly expired: Record<Stage, number> = { queued: 0, running: 0 };
  readonly left: Record<Stage, number> = { queued: 0, running: 0 };

  /** Counts a job that ended early. Other reasons are not the caller's: they are counted as errors. */
  end(stage: Stage, reason: Reason): void {
    if (reason === "DEADLINE_PASSED") this.expired[stage] += 1;
    if (reason === "CALLER_GONE") this.left[stage] += 1;
  }
}
