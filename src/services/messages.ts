/** What several services' responses share: plain values from below, as proto messages. */
import type { Duration } from "../../gen/google/protobuf/duration.ts";
import type { CallOptions, ModelVersion, Timings, Usage } from "../../gen/inferd/v1/types.ts";
import { Truncate } from "../../gen/inferd/v1/types.ts";
import type { JobResult, JobTimings, Truncation } from "../engines/engine.ts";
import type { ModelStatus } from "../models/model.ts";
import type { Limits } from "./limits.ts";

export function duration(ms: number): Duration {
  // Rounded first: 999.9999999 ms is a second, not a thousand million nanoseconds.
  const nanos = Math.round(Math.max(0, ms) * 1e6);
  return { seconds: BigInt(Math.floor(nanos / 1e9)), nanos: nanos % 1e9 };
}

export function versionOf({ manifest, digest }: ModelStatus): ModelVersion {
  return { name: manifest.name, version: manifest.version, digest };
}

export function usageOf(usage: JobResult["usage"]): Usage {
  const { promptTokens, cachedPromptTokens, completionTokens } = usage;
  return { promptTokens, cachedPromptTokens, completionTokens };
}

export function generationTimings(timings: JobTimings): Timings {
  return {
    ...embeddingTimings(timings),
    timeToFirstToken: duration(timings.firstTokenMs),
    decode: duration(timings.decodeMs),
  };
}

export function embeddingTimings(timings: JobTimings): Timings {
  return {
    queue: duration(timings.queueMs),
    prefill: duration(timings.prefillMs),
    timeToFirstToken: undefined,
    decode: undefined,
    total: duration(timings.totalMs),
    meanBatchSize: timings.meanBatchSize,
  };
}

/** Whether a call waits for a model that loads. */
export function waits(
  { call }: { readonly call?: CallOptions | undefined },
  { waitForModel }: Pick<Limits, "waitForModel">,
): boolean {
  return call?.waitForModel ?? waitForModel === "on";
}

export function truncationOf(truncate: Truncate): Truncation {
  switch (truncate) {
    case Truncate.END:
      return "end";
    case Truncate.START:
      return "start";
    case Truncate.UNSPECIFIED:
    case Truncate.NONE:
      return "none";
  }
}
