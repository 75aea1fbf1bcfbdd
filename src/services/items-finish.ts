/** How a call of an items job ended, as a proto message. */
import type { EmbedFinish } from "../../gen/inferd/v1/embedding_service.ts";
import type { CallContext } from "../calls/call.ts";
import type { JobResult } from "../engines/engine.ts";
import type { ModelStatus } from "../models/model.ts";
import { embeddingTimings, usageOf, versionOf } from "./messages.ts";

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
