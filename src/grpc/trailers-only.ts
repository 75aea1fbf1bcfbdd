/** How a stream ends of which no more is wanted: what gRPC calls a Trailers-Only response, and no more reading. */
import { constants, type ServerHttp2Stream } from "node:http2";
import type { ServeError } from "../base/errors.ts";
import { wireStatus } from "./status.ts";

/** Answers with a status alone, where no answer has begun. Node lets the unread rest of the request go. */
export function refuse(stream: ServerHttp2Stream, error: ServeError): void {
  stream.on("error", () => undefined);
  if (stream.destroyed || stream.closed) return;
  if (stream.headersSent) {
    stream.close(constants.NGHTTP2_CANCEL);
    return;
  }
  const { code, details, metadata } = wireStatus(error);
  stream.respond(
    {
      ":status": 200,
      "content-type": "application/grpc",
      "grpc-status": code,
      "grpc-message": encodeURI(details),
      ...metadata.toHttp2Headers(),
    },
    { endStream: true },
  );
}

/** Takes no more of a call that has its status: it and what has arrived would stay until its caller ends it. */
export function letGo(stream: ServerHttp2Stream): void {
  stream.close(constants.NGHTTP2_NO_ERROR);
}
