import type { JobResult } from "../engines/engine.ts";

/**
 * Makes an engine's timings, which begin when it was given the job, begin when the call arrived.
 * What the engine cannot see, waiting in the server and on the way, was time in the queue.
 */
export function fromArrival<Result extends JobResult>(result: Result, totalMs: number): Result {
  const { timings } = result;
  const unseenMs = Math.max(0, totalMs - timings.totalMs);
  return {
    ...result,
    timings: {
      ...timings,
      queueMs: timings.queueMs + unseenMs,
      firstTokenMs: timings.firstTokenMs === 0 ? 0 : timings.firstTokenMs + unseenMs,
      totalMs: timings.totalMs + unseenMs,
    },
  };
}
