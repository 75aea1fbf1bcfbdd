import type { StepContent } from "./step-cost.ts";
import type { Sequence } from "./sequence.ts";

/** A sequence's part of one step, in the batch. */
export interface Placed {
  readonly id: number;
  readonly sequence: Sequence;
  readonly slot: number;
  readonly tokens: number;
  /** Index of its output. Undefined while its prompt continues. */
  readonly output: number | undefined;
}

/** What a step of these parts computes. */
export function contentOf(placed: readonly Placed[]): StepContent {
  const prompts = placed.filter(({ sequence }) => !sequence.decoding);
  const promptTokens = prompts.reduce((sum, { tokens }) => sum + tokens, 0);
  const before = prompts.reduce((sum, one) => sum + one.tokens * one.sequence.computed, 0);
  const depth = promptTokens === 0 ? 0 : before / promptTokens;
  return { decoding: placed.length - prompts.length, promptTokens, depth };
}
