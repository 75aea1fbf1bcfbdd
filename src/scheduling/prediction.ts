/** When a job that has to wait would give its first output. Pure, so that refusing for it is tested. */
import { type Amount, type Pace, timeFor } from "./pace.ts";
import type { Work } from "./work.ts";

export interface Outlook {
  /** What starts before the job. */
  readonly ahead: Amount;
  readonly work: Work;
  /** Jobs that the model computes at once. */
  readonly slots: number;
  /** How long jobs hold their place, by all of their tokens. */
  readonly service: Pace;
  /** How long jobs take from their start to their first output, by the tokens of their prompts. */
  readonly prefill: Pace;
}

// A prompt, or most of it, may be in the engine's cache.
const surePrefill = 0.5;

/**
 * The least that a job has to wait for its first output. It is meant to be too low rather than too
 * high: what runs now counts as done, jobs count by their number or by their tokens, whichever is
 * less, and of the prefill only half is sure. Zero where nothing was measured.
 */
export function leastWaitMs({ ahead, work, slots, service, prefill }: Outlook): number {
  const queueMs = timeFor(service, ahead) / Math.max(1, slots);
  return queueMs + surePrefill * timeFor(prefill, { jobs: 1, tokens: work.promptTokens });
}
