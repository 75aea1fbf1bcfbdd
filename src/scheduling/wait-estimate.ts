/** When a job that has to wait would be done. Pure, so that refusing for it is tested. */
import type { Priority } from "../base/priority.ts";
import type { Ahead } from "./order.ts";
import { type ServiceTime, timeFor } from "./service-time.ts";
import type { Work } from "./ticket.ts";

/** What was measured of the jobs of one priority. */
export interface Measured {
  /** How long they held their places, by all of their tokens. */
  readonly service: ServiceTime;
  /** From their starts to their first outputs, by the tokens of their prompts. */
  readonly prefill: ServiceTime;
}

export interface WaitEstimateInput {
  /** What starts before the job. */
  readonly ahead: Ahead;
  readonly work: Work;
  readonly priority: Priority;
  /** Jobs that the model computes at once. */
  readonly slots: number;
  /** Of each priority apart: batch jobs take long where others run, and that says nothing of the others. */
  readonly measured: Readonly<Record<Priority, Measured>>;
}

// A prompt, or most of it, may be in the engine's cache.
const surePrefill = 0.5;

/**
 * The least that passes until a job ends: its turn, and then what such jobs take, or half of its prefill where
 * that is more. A deadline is the whole call's, in gRPC: one that begins in time and does not end in time has
 * cost the model as much as one that is answered.
 *
 * It is meant to be too low rather than too high: what runs now counts as done, and jobs count by their number
 * or by their tokens, whichever is less, so that who may generate much is taken to stop as soon as others do.
 * Zero where nothing was measured.
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
