/** How a call ends that has no answer yet: what gRPC calls a Trailers-Only response. */
import { constants, type ServerHttp2Stream } from "node:http2";
import type { Reason, ServeError } from "../base/errors.ts";
import { requestIdHeader } from "../edge/request-ids.ts";
import { wireStatus } from "./status.ts";

/** What HTTP says of a request that is no gRPC: proxies and browsers read no gRPC status. */
const httpStatuses: Readonly<Partial<Record<Reason, number>>> = {
  CONTENT_TYPE_UNKNOWN: constants.HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE,
  HTTP_METHOD_WRONG: constants.HTTP_STATUS_METHOD_NOT_ALLOWED,
};

/** Answers with a status alone, where no answer has begun. Node lets the unread rest of the request go. */
export function refuse(stream: ServerHttp2Stream, error: ServeError, requestId: string): void {
  stream.on("error", () => undefined);
  if (stream.destroyed || stream.closed) return;
  if (stream.headersSent) {
    stream.close(constants.NGHTTP2_CANCEL);
    return;
  }
  const { code, details, metadata } = wireStatus(error, requestId);
  stream.respond(
    {
      ":status": httpStatuses[error.reason] ?? constants.HTTP_STATUS_OK,
      "content-type": "application/grpc",
      [requestIdHeader]: requestId,
      "grpc-status": code,
      "grpc-message": encodeURI(details),
      ...metadata.toHttp2Headers(),
    },
    { endStream: true },
  );
}
