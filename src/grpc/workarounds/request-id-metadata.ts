/**
 * grpc-js 1.14.7 sends some calls' first metadata past every interceptor: where it refuses a call, or where no
 * handler answers. So each call's id is set in place, on the call that sends.
 * Tested in test/grpc/request-ids.test.ts.
 */
import type { ServerHttp2Stream } from "node:http2";
import type { ServerInterceptor } from "@grpc/grpc-js";
import { requestIdHeader } from "../../edge/request-ids.ts";
import { internalsOf, sameCall, streamOf } from "./inner-call.ts";

export function tellRequestId(idOf: (stream: ServerHttp2Stream) => string): ServerInterceptor {
  return (_, call) => {
    const id = idOf(streamOf(call));
    const inner = internalsOf<{ readonly metadataSent: boolean }>(call);
    const sendMetadata = call.sendMetadata.bind(call);
    call.sendMetadata = (metadata) => {
      metadata.set(requestIdHeader, id);
      sendMetadata(metadata);
    };
    const sendStatus = call.sendStatus.bind(call);
    call.sendStatus = (status) => {
      // A status without metadata before it is the answer's first.
      if (inner.metadataSent === false) status.metadata?.set(requestIdHeader, id);
      sendStatus(status);
    };
    return sameCall(call);
  };
}
