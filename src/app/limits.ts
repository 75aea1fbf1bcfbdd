/** What of the configuration each part is handed that takes many of its values. */
import type { Config } from "../config/settings.ts";
import type { Limits } from "../contract/limits.ts";
import type { GrpcLimits } from "../grpc/limits.ts";

/** What bounds connections, and the requests on them. */
export function serverLimits(config: Config): GrpcLimits {
  return {
    maxMessageBytes: config.maxMessageBytes,
    maxUploadBytes: config.maxUploadBytes,
    maxConnectionUploadBytes: config.maxConnectionUploadBytes,
    maxUploadMs: config.maxUploadMs,
    maxConcurrentStreams: config.maxConcurrentStreams,
    maxCallMs: config.maxCallMs,
    keepaliveMs: config.keepaliveMs,
    keepaliveTimeoutMs: config.keepaliveTimeoutMs,
    maxConnectionIdleMs: config.maxConnectionIdleMs,
    maxConnectionAgeMs: config.maxConnectionAgeMs,
    maxConnections: config.maxConnections,
    maxAddressPercent: config.maxAddressPercent,
    maxOpenCalls: config.maxOpenCalls,
    maxHeaderBytes: config.maxHeaderBytes,
    maxCallsPerSecond: config.maxCallsPerSecond,
    maxResetBurst: config.maxResetBurst,
    maxResetsPerSecond: config.maxResetsPerSecond,
    stallMs: config.stallMs,
  };
}

/** What bounds a call's request and response. */
export function callLimits(config: Config): Limits {
  return {
    maxMessageBytes: config.maxMessageBytes,
    maxResponseBytes: config.maxResponseBytes,
    maxInputs: config.maxInputs,
    maxTokens: config.maxTokens,
    maxPromptTokens: config.maxPromptTokens,
    maxStops: config.maxStops,
    maxStopBytes: config.maxStopBytes,
    maxLogitBias: config.maxLogitBias,
    maxQueuedJobs: config.maxQueuedJobs,
    maxQueuedTokens: config.maxQueuedTokens,
    maxQueuedJobsTotal: config.maxQueuedJobsTotal,
    maxQueuedTokensTotal: config.maxQueuedTokensTotal,
    maxCallMs: config.maxCallMs,
    waitForModel: config.waitForModel,
  };
}
