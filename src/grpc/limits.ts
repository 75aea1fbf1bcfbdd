import type { ServerOptions } from "@grpc/grpc-js";
import type { EdgeLimits } from "../edge/listener.ts";
import type { UploadLimitOptions } from "../edge/upload-limits.ts";
import { prefixBytes } from "./framing.ts";

/** What a gRPC port takes of its callers; each is a setting. */
export interface GrpcLimits extends EdgeLimits {
  readonly maxMessageBytes: number;
  /** Of all requests that are not whole, and of those on one connection. */
  readonly maxUploadBytes: number;
  readonly maxConnectionUploadBytes: number;
  readonly maxUploadMs: number;
  readonly maxConcurrentStreams: number;
  readonly keepaliveMs: number;
  readonly keepaliveTimeoutMs: number;
}

/** A request that a server takes must find room when it comes alone. */
export function uploadLimits(limits: GrpcLimits): UploadLimitOptions {
  const leastBytes = limits.maxMessageBytes + prefixBytes;
  return {
    bytes: Math.max(leastBytes, limits.maxUploadBytes),
    connectionBytes: Math.max(leastBytes, limits.maxConnectionUploadBytes),
    uploadMs: limits.maxUploadMs,
  };
}

/** What grpc-js has an option for. */
export function grpcJsOptions(limits: GrpcLimits): ServerOptions {
  return {
    "grpc.max_concurrent_streams": limits.maxConcurrentStreams,
    "grpc.max_receive_message_length": limits.maxMessageBytes,
    "grpc.keepalive_time_ms": limits.keepaliveMs,
    "grpc.keepalive_timeout_ms": limits.keepaliveTimeoutMs,
    // Channelz stays on: without it, forceShutdown of grpc-js 1.14 closes nothing.
    "grpc.enable_channelz": 1,
  };
}
