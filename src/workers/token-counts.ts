/**
 * How many tokens an event gives its reader, as far as that is known before a job's result is. What is counted of a job
 * that breaks off, in the metrics, the log and the quotas alike, is the sum of these.
 */
import type { WorkerEvent } from "./messages.ts";

/** Of a completion. A piece without the ids of its tokens counts as one: most are. */
export function completionTokensOf(event: WorkerEvent): number {
  return event.kind === "piece" ? (event.tokenIds?.length ?? 1) : 0;
}

/** Of the texts whose results these are. */
export function promptTokensOf(event: WorkerEvent): number {
  if (event.kind !== "items") return 0;
  return event.items.reduce((sum, { tokenCount }) => sum + tokenCount, 0);
}
