/**
 * Gives a reason to the calls that grpc-js ends by itself, below every handler: a message too large or
 * ill compressed, an encoding it does not know, one message too many or none, its own deadline timer.
 */
import { type ServerInterceptingCall, type ServerInterceptor, status } from "@grpc/grpc-js";
import { ServeError } from "../../base/errors.ts";
import type { CallAccounts } from "../call-accounts.ts";
import type { CallStreams } from "../call-streams.ts";
import { sameCall, streamOf } from "./inner-call.ts";
import type { RequestIds } from "../request-ids.ts";
import { wireStatus } from "../status.ts";
import { wrongFlag } from "./decompression.ts";

type Status = Parameters<ServerInterceptingCall["sendStatus"]>[0];

const detailsKey = "grpc-status-details-bin";

export interface ExplainOptions {
  readonly accounts: Pick<CallAccounts, "abort" | "refused">;
  readonly streams: Pick<CallStreams, "note">;
  readonly requestIds: Pick<RequestIds, "of">;
}

/** An interceptor in name only: none sees these statuses, so it stands before the call that sends them. */
export function explainRefusals({
  accounts,
  streams,
  requestIds,
}: ExplainOptions): ServerInterceptor {
  return (_, call) => {
    const stream = streamOf(call);
    const send = call.sendStatus.bind(call);
    call.sendStatus = (given) => {
      // Who has gone hears nothing: then no refusal ends the call.
      if (isExplained(given) || stream.destroyed || stream.closed) {
        send(given);
        return;
      }
      const error = errorOf(given.code, given.details);
      // What a handler gives and grpc-js cannot send, that handler is told of, often because its caller has gone.
      const isOfHandler = error.reason !== "INTERNAL" && accounts.abort(stream, error);
      if (!isOfHandler) accounts.refused(stream, error.reason);
      send(wireStatus(error, requestIds.of(stream)));
    };
    const start = call.start.bind(call);
    call.start = (listener) => {
      const receive = listener.onReceiveMetadata.bind(listener);
      listener.onReceiveMetadata = (metadata) => {
        streams.note(stream, metadata);
        receive(metadata);
      };
      start(listener);
    };
    return sameCall(call);
  };
}

function isExplained({ code, metadata }: Status): boolean {
  return code === status.OK || (metadata?.get(detailsKey).length ?? 0) > 0;
}

/** What grpc-js means by a status. Its texts can quote the caller's headers, so none goes on. */
export function errorOf(code: status, details: string): ServeError {
  if (code === status.RESOURCE_EXHAUSTED) {
    return new ServeError("MESSAGE_TOO_LARGE", "the request is larger than this server takes");
  }
  if (code === status.DEADLINE_EXCEEDED) {
    return new ServeError("DEADLINE_PASSED", "the call's deadline passed before it was done");
  }
  if (code === status.UNIMPLEMENTED) {
    return details.includes("encoding")
      ? new ServeError("ENCODING_UNKNOWN", "compress requests with gzip or deflate, or not at all")
      : new ServeError("MESSAGE_COUNT", "the method takes exactly one request message");
  }
  if (details === wrongFlag) {
    const message =
      "a message's Compressed-Flag must be 0, or 1 where grpc-encoding names a compression";
    return new ServeError("COMPRESSED_FLAG_WRONG", message);
  }
  if (details === "Failed to decompress message") {
    return new ServeError("MESSAGE_MALFORMED", "the request cannot be decompressed");
  }
  return ServeError.from(new Error(`grpc-js ended a call: ${details}`));
}
