/** What a job takes from its caller's quotas: an estimate while it runs, what was used once it has ended. */
import { ServeError } from "../base/errors.ts";
import type { JobRecord } from "./job-record.ts";
import { quotaEstimate } from "./token-estimates.ts";

/** Settles what was reserved. Takes what the job threw, undefined for nothing. */
export type Settle = (thrown: unknown) => void;

/** Throws QUOTA_EXCEEDED where the caller has too little left. */
export function reserveFor(job: JobRecord): Settle {
  const { job: asked, reserve } = job.submission;
  const { promptTokens, tokens } = quotaEstimate(asked);
  const settle = reserve(tokens);
  return (thrown) => settle(usedTokens(job, promptTokens, thrown));
}

/**
 * By the result; where the job broke off before it, by the prompt's estimate and what its call was given. A job that never
 * began has cost what a model read of it before it refused it.
 */
function usedTokens(
  { isStarted, result, counts }: JobRecord,
  promptEstimate: number,
  thrown: unknown,
): number {
  if (!isStarted) return refusedTokens(thrown, promptEstimate);
  const read = result === undefined ? promptEstimate : counts.promptTokens;
  return read + counts.completionTokens;
}

/** What a model has read of a prompt that it refused: no more than its context where that was too short. */
function refusedTokens(thrown: unknown, prompt: number): number {
  if (!(thrown instanceof ServeError)) return 0;
  const { reason, facts } = thrown;
  if (reason === "PROMPT_TOO_LONG") return Math.min(prompt, Number(facts["mostTokens"] ?? prompt));
  return reason === "CHAT_TOO_SLOW" || reason === "FIELD_INVALID" ? prompt : 0;
}
