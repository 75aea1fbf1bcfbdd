import type { Reason } from "../base/errors.ts";
import type { Priority } from "../base/priority.ts";

/** Stage of a job that ended early. */
export type Stage = "queued" | "running";

/** Jobs that ended early, by stage. */
type ByStage = Readonly<Record<Stage, number>>;

/** Counts of a queue since its model was loaded, and its present contents. */
export interface QueueState {
  readonly waiting: number;
  readonly waitingTokens: number;
  readonly running: number;
  /** Jobs handed to the engine; those that were retried count twice. */
  readonly started: number;
  /** Before the queue, except jobs evicted for another caller's. */
  readonly refused: Readonly<Record<Refused, number>>;
  /** By a deadline. */
  readonly expired: ByStage;
  /** By their clients. */
  readonly left: ByStage;
}

export type Refused = Extract<Reason, "QUEUE_FULL" | "WOULD_EXPIRE">;

/** Counts events. Readers read the counts when they need them. */
export class Counters {
  readonly running: Record<Priority, number> = { interactive: 0, batch: 0 };
  started = 0;
  readonly refused: Record<Refused, number> = { QUEUE_FULL: 0, WOULD_EXPIRE: 0 };
  readonly expired: Record<Stage, number> = { queued: 0, running: 0 };
  readonly left: Record<Stage, number> = { queued: 0, running: 0 };

  /** Counts a job that ended early. Reasons that are not the client's count as errors. */
  end(stage: Stage, reason: Reason): void {
    if (reason === "DEADLINE_PASSED") this.expired[stage] += 1;
    if (reason === "CALLER_GONE") this.left[stage] += 1;
  }
}
