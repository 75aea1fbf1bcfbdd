/**
 * Which steps batch jobs take part in while interactive ones have work too: they have an eighth of the
 * time, in steps that compute all together, since many at once cost least. All pure: the driver says what
 * steps took.
 */
import { batchShare, type Priority } from "../base/priority.ts";

/** Batch jobs' claim on an engine's time. */
export interface BatchJobs {
  /** Time that they may have; negative where they had it before it was due. */
  readonly owedMs: number;
  /** What the last step with them took: they wait until so much is due. */
  readonly stepMs: number;
}

/** Who took part in a step: one kind alone, or all. */
export type Participants = "interactive" | "batch" | "all";

export const noBatchJobs: BatchJobs = { owedMs: 0, stepMs: 0 };

/** A step that a pause of the machine made long counts as one of so much, whoever took part in it. */
const longestStepMs = 1_000;

/** Who takes part in the next step, of the jobs that may. */
export function participantsOf(
  { owedMs, stepMs }: BatchJobs,
  ready: readonly Priority[],
): Participants {
  if (!ready.includes("interactive")) return "batch";
  if (!ready.includes("batch")) return "interactive";
  return owedMs >= stepMs ? "all" : "interactive";
}

/** Learns from a step. */
export function noteStep(background: BatchJobs, participants: Participants, ms: number): BatchJobs {
  const { owedMs, stepMs } = background;
  const tookMs = Math.min(ms, longestStepMs);
  switch (participants) {
    case "interactive": {
      // No more than a step is saved up, also while no batch job is there.
      const earnedMs = owedMs < stepMs ? tookMs * (batchShare / (1 - batchShare)) : 0;
      return { owedMs: owedMs + earnedMs, stepMs };
    }
    case "batch":
      return { owedMs, stepMs: tookMs };
    case "all":
      return { owedMs: owedMs - tookMs, stepMs: tookMs };
  }
}

/**
 * How many of an engine's places batch jobs may have together. Where there are several, they leave an eighth free
 * and as many as interactive jobs `wanted` at once of late, but half at most: they run an eighth as fast, so a
 * model's tokens are shared seven to one where places are shared equally.
 */
export function batchSlots(slots: number, wanted: number): number {
  if (slots < 2) return slots;
  const least = Math.max(1, Math.floor(slots * batchShare));
  const most = Math.floor(slots / 2);
  return slots - Math.max(least, Math.min(most, wanted));
}
