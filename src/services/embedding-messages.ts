/** What an embedding call is told: a job's items and its result as proto messages. */
import type { EmbedFinish } from "../../gen/inferd/v1/embedding_service.ts";
import type { CallContext } from "../calls/call.ts";
import type { JobResult } from "../engines/engine.ts";
import type { ModelStatus } from "../models/model.ts";
import type { EncodedItem } from "../workers/messages.ts";
import type { VectorEmbedding, VectorValue } from "./embedding-types.ts";
import { embeddingTimings, usageOf, versionOf } from "./messages.ts";

export function embeddingOf(item: EncodedItem): VectorEmbedding {
  const { index, tokenCount, truncated } = item;
  return { index, value: valueOf(item), tokenCount, truncated };
}

function valueOf({ value, error }: EncodedItem): VectorValue {
  if (error !== undefined) {
    return { $case: "error", value: { reason: error.reason, message: error.message } };
  }
  switch (value.kind) {
    case "float32":
      return { $case: "float32", value: { values: value.values } };
    case "float16":
      return { $case: "float16", value: value.bytes };
    case "int8":
      return { $case: "int8", value: { values: value.bytes, scale: value.scale } };
    case "binary":
      return { $case: "binary", value: value.bytes };
  }
}

export function finishOf(
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
