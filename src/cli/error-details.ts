/** The `google.rpc` details that a gRPC status can carry in its trailers. */
import type { Metadata } from "@grpc/grpc-js";
import type { Duration } from "../../gen/google/protobuf/duration.ts";
import { BadRequest, ErrorInfo, RetryInfo } from "../../gen/google/rpc/error_details.ts";
import { Status } from "../../gen/google/rpc/status.ts";

export interface ErrorDetails {
  /** Undefined if the status is not from inferd. */
  readonly reason: string | undefined;
  readonly fields: readonly { readonly field: string; readonly description: string }[];
  readonly retryDelay: Duration | undefined;
}

export function errorDetails(metadata: Metadata): ErrorDetails {
  const [encoded] = metadata.get("grpc-status-details-bin");
  const details = Buffer.isBuffer(encoded) ? decodeStatus(encoded) : [];
  const find = <T>(type: { decode(bytes: Uint8Array): T }, name: string): T | undefined => {
    const any = details.find((detail) => detail.typeUrl.endsWith(`/google.rpc.${name}`));
    return any === undefined ? undefined : type.decode(any.value);
  };
  return {
    reason: find(ErrorInfo, "ErrorInfo")?.reason,
    fields: find(BadRequest, "BadRequest")?.fieldViolations ?? [],
    retryDelay: find(RetryInfo, "RetryInfo")?.retryDelay,
  };
}

/** Unreadable details are ignored: code and message remain. */
function decodeStatus(bytes: Buffer): Status["details"] {
  try {
    return Status.decode(bytes).details;
  } catch {
    return [];
  }
}
