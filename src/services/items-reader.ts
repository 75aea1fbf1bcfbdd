/** Reads the events of a job over texts for its call: each item once, in whatever order; then how the job ended. */
import type { EmbedFinish } from "../../gen/inferd/v1/embedding_service.ts";
import { ServeError } from "../base/errors.ts";
import type { CallContext } from "../calls/call.ts";
import type { ItemsJob, JobResult } from "../engines/engine.ts";
import type { ModelStatus } from "../models/model.ts";
import type { EncodedItem, WorkerEvent } from "../workers/messages.ts";
import { assertItems } from "./item-errors.ts";
import { embeddingTimings, usageOf, versionOf } from "./messages.ts";

interface Started {
  readonly job: ItemsJob;
  readonly status: ModelStatus;
  readonly request: { readonly allowItemErrors: boolean };
  readonly context: Pick<CallContext, "requestId" | "abort">;
  /** The request's list that the job's items are of. */
  readonly field: string;
}

type Given =
  | { readonly items: readonly EncodedItem[]; readonly finish?: undefined }
  | { readonly items?: undefined; readonly finish: EmbedFinish };

const nothing = { items: [] } as const;

/**
 * Gives a function that is called with each event, and throws for one that fails the call. No generator: each would
 * cost every vector one more pass.
 */
export function itemsReader(started: Started): (event: WorkerEvent) => Given {
  const { job, status, context } = started;
  const due = new Set(job.items.keys());
  return (event) => {
    switch (event.kind) {
      case "started":
        return nothing;
      case "items":
        assertItems(event.items, started);
        for (const { index } of event.items) {
          if (!due.delete(index)) throw new Error("the engine gave an item that is not due");
        }
        return { items: event.items };
      case "finish":
        if (due.size > 0) throw new Error("the engine ended without a value for each item");
        return { finish: finishOf(event, status, context) };
      case "failed":
        throw ServeError.fromData(event.error);
      case "piece":
      case "reasoning":
      case "tool_call":
        throw new Error(`bug: a job of the task ${job.task} gave text`);
    }
  };
}

function finishOf(
  { usage, timings }: JobResult,
  model: ModelStatus,
  { requestId }: Pick<CallContext, "requestId">,
): EmbedFinish {
  return {
    usage: usageOf(usage),
    timings: embeddingTimings(timings),
    model: versionOf(model),
    requestId,
  };
}
