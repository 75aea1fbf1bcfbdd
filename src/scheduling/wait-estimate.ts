/** When a waiting job would end. Pure, so that rejections based on it can be tested. */
import type { Priority } from "../base/priority.ts";
import type { Ahead } from "./order.ts";
import { type ServiceTime, timeFor } from "./service-time.ts";
import type { Work } from "./ticket.ts";

/** Measurements of the jobs of one priority. */
export interface Measured {
  /** How long they held their slots, by all of their tokens. */
  readonly service: ServiceTime;
  /** From their starts to their first outputs, by the tokens of their prompts. */
  readonly prefill: ServiceTime;
}

export interface WaitEstimateInput {
  /** The work that starts before the job. */
  readonly ahead: Ahead;
  readonly work: Work;
  readonly priority: Priority;
  /** Jobs that the model computes at once. */
  readonly slots: number;
  /** Per priority: batch jobs take long while others run, which says nothing about those. */
  readonly measured: Readonly<Record<Priority, Measured>>;
}

// A prompt, or most of it, can be in the engine's cache.
const surePrefill = 0.5;

/**
 * Minimum time until a job ends: its turn, and then the usual duration of such jobs, or half of its prefill if that is
 * longer. In gRPC, a deadline is that of the whole call: a job that starts in time and does not end in time costs the
 * model as much as one that is answered.
 *
 * The estimate is low rather than high. Running jobs count as done, and jobs count by their number or by their tokens,
 * whichever is less. So a job that may generate much is assumed to stop as early as others. Zero before the first
 * measurement.
 */
export function leastMs({ ahead, work, priority, slots, measured }: WaitEstimateInput): number {
  const { interactive, batch } = measured;
  const aheadMs =
    timeFor(interactive.service, ahead.interactive) + timeFor(batch.service, ahead.batch);
  const queueMs = aheadMs / Math.max(1, slots);
  const { service, prefill } = measured[priority];
  const ownMs = timeFor(service, { jobs: 1, tokens: work.tokens });
  const prefillMs = timeFor(prefill, { jobs: 1, tokens: work.promptTokens });
  return queueMs + Math.max(ownMs, surePrefill * prefillMs);
}
