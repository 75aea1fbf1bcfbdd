import type { WorkerEvent } from "../workers/messages.ts";
import type { JobTimes } from "./job-state.ts";

/**
 * Makes a result's timings, which an engine counts from when it was given the job, begin when the call arrived. What the
 * engine cannot see, waiting in the server and on the way, was time in the queue. Other events stay as they are.
 */
export function fromArrival(
  event: WorkerEvent,
  { arrived, computed }: Pick<JobTimes, "arrived" | "computed">,
): WorkerEvent {
  if (event.kind !== "finish" || computed === undefined) return event;
  const { timings } = event;
  const unseenMs = Math.max(0, computed - arrived - timings.totalMs);
  return {
    ...event,
    timings: {
      ...timings,
      queueMs: timings.queueMs + unseenMs,
      firstTokenMs: timings.firstTokenMs === 0 ? 0 : timings.firstTokenMs + unseenMs,
      totalMs: timings.totalMs + unseenMs,
    },
  };
}
