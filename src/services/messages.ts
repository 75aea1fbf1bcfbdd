/** What several services' responses share: plain values from below, as proto messages. */
import type { Duration } from "../../gen/google/protobuf/duration.ts";
import type { Timestamp } from "../../gen/google/protobuf/timestamp.ts";
import type { CallOptions, ModelVersion, Timings, Usage } from "../../gen/inferd/v1/types.ts";
import { Truncation } from "../../gen/inferd/v1/types.ts";
import type { Limits } from "../contract/limits.ts";
import type { JobResult, JobTimings, Truncation as TruncationName } from "../engines/engine.ts";
import type { ModelStatus } from "../models/model.ts";

export function duration(ms: number): Duration {
  // Rounded first: 999.9999999 ms is a second, not a thousand million nanoseconds.
  const nanos = Math.round(Math.max(0, ms) * 1e6);
  return { seconds: BigInt(Math.floor(nanos / 1e9)), nanos: nanos % 1e9 };
}

export const timestamp = (wallMs: number): Timestamp => duration(wallMs);

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

export function truncationOf(truncation: Truncation): TruncationName {
  switch (truncation) {
    case Truncation.END:
      return "end";
    case Truncation.START:
      return "start";
    case Truncation.UNSPECIFIED:
    case Truncation.NONE:
      return "none";
  }
}
