import type { JobLogFields } from "../base/job-facts.ts";
import type { JobState } from "./job-state.ts";

/** What a call's line says of its job. Until there is a result, what its call was given counts. */
export function logFieldsOf({ submission, times, counts, result }: JobState): JobLogFields {
  if (times.begun === undefined) return {};
  const queueMs = Math.round(result?.timings.queueMs ?? times.begun - times.arrived);
  const isDone = result !== undefined;
  const prompt = (isDone || counts.items > 0) && { promptTokens: counts.promptTokens };
  if (submission.job.kind === "items") return { ...prompt, queueMs };
  return {
    ...prompt,
    ...((isDone || counts.pieces > 0) && { completionTokens: counts.completionTokens }),
    queueMs,
    ...(isDone && {
      finishReason: result.reason,
      timeToFirstTokenMs: Math.round(result.timings.firstTokenMs),
    }),
  };
}
