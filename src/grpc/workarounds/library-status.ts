/**
 * grpc-js 1.14.7 ends some calls below every handler, without a reason for programs: a message too large or badly
 * compressed, an unknown encoding, one message too many or none, its own deadline timer. Each gets its reason here.
 * Tested in test/unit/grpc/library-status.test.ts and test/grpc/rejections.test.ts.
 */
import {
  type Metadata,
  type ServerInterceptingCall,
  type ServerInterceptor,
  status,
} from "@grpc/grpc-js";
import { ServeError } from "../../base/errors.ts";
import type { CallAccounts } from "../../edge/call-accounts.ts";
import type { RequestIds } from "../../edge/request-ids.ts";
import type { CallStreams } from "../call-streams.ts";
import { internalsOf, sameCall, streamOf } from "./inner-call.ts";
import { wireStatus } from "../status.ts";
import { wrongFlag } from "./decompression.ts";

type Status = Parameters<ServerInterceptingCall["sendStatus"]>[0];

const detailsKey = "grpc-status-details-bin";

export interface ExplainOptions {
  readonly accounts: Pick<CallAccounts, "abort" | "refused">;
  readonly streams: Pick<CallStreams, "note">;
  readonly requestIds: Pick<RequestIds, "of">;
}

/** No interceptor sees these statuses: so the call that sends them is changed in place. */
export function explainRefusals({
  accounts,
  streams,
  requestIds,
}: ExplainOptions): ServerInterceptor {
  return (_, call) => {
    const stream = streamOf(call);
    const send = call.sendStatus.bind(call);
    call.sendStatus = (given) => {
      // A caller who has gone hears nothing: then no refusal ends the call.
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
    const { metadata } = internalsOf<{ readonly metadata: Metadata }>(call);
    if (metadata === undefined) {
      throw new Error(
        "bug: this grpc-js keeps metadata elsewhere; see src/grpc/workarounds/library-status.ts",
      );
    }
    streams.note(stream, metadata);
    return sameCall(call);
  };
}

function isExplained({ code, metadata }: Status): boolean {
  return code === status.OK || (metadata?.get(detailsKey).length ?? 0) > 0;
}

/** What grpc-js means by a status. Its texts can quote the caller's headers, so none goes on. */
function errorOf(code: status, details: string): ServeError {
  if (code === status.RESOURCE_EXHAUSTED) {
    return new ServeError("MESSAGE_TOO_LARGE", "the request is larger than this server takes");
  }
  if (code === status.DEADLINE_EXCEEDED) {
    return ServeError.of("DEADLINE_PASSED");
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
