/**
 * How many tokens an event gives its reader, as far as that is known before a job's result is. What is counted of a job
 * that breaks off, in the metrics, the log and the quotas alike, is the sum of these.
 */
import type { Job } from "../engines/engine.ts";
import type { WorkerEvent } from "./messages.ts";

/** Of a completion. A piece without the ids of its tokens counts as one: most are. Where ids are asked for, pieces have all. */
export function completionTokensOf(event: WorkerEvent, job: Job): number {
  switch (event.kind) {
    case "piece":
      return event.tokenIds?.length ?? 1;
    case "reasoning":
    case "tool_call":
      return job.kind === "completion" && job.returnTokenIds ? 0 : 1;
    case "started":
    case "items":
    case "finish":
    case "failed":
      return 0;
  }
}

/** Of the texts whose results these are. */
export function promptTokensOf(event: WorkerEvent): number {
  if (event.kind !== "items") return 0;
  return event.items.reduce((sum, { tokenCount }) => sum + tokenCount, 0);
}
