/** What a model's meter is told of a job, read from its record. */
import type { ModelMeter } from "../base/meter.ts";
import type { WorkerEvent } from "../workers/messages.ts";
import type { JobRecord } from "./job-record.ts";

/** Its call is about to be given this; the record knows of it next. */
export function tellDelivery(
  meter: ModelMeter,
  { submission, times }: JobRecord,
  event: WorkerEvent,
  at: number,
): void {
  switch (event.kind) {
    case "started":
      meter.started(at - times.arrived);
      return;
    case "piece":
    case "reasoning":
    case "tool_call":
      if (times.lastOutput === undefined) meter.firstPiece(at - times.arrived);
      else meter.nextPiece(at - times.lastOutput);
      return;
    case "finish": {
      const { prefillMs, decodeMs } = event.timings;
      meter.finished({ kind: submission.job.kind, ...event.usage, prefillMs, decodeMs });
      return;
    }
    case "items":
    case "failed":
  }
}

/** It has ended. One that has finished was told of with its result. */
export function tellEnd(meter: ModelMeter, { stage, failure, counts }: JobRecord): void {
  if (failure === undefined) return;
  const { promptTokens, completionTokens } = counts;
  meter.dropped({ stage, reason: failure, promptTokens, completionTokens });
}
