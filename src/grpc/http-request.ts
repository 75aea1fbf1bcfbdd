/**
 * Whether a stream of HTTP/2 carries gRPC at all. grpc-js looks at how a content type begins and not at the
 * method, so that gRPC-Web got answers that its clients cannot read. grpc-go's rules are kept, JSON aside.
 */
import type { IncomingHttpHeaders } from "node:http2";
import { ServeError } from "../base/errors.ts";

/** Why an HTTP request is no gRPC call that is served; undefined where it is one. */
export function notGrpc(headers: IncomingHttpHeaders): ServeError | undefined {
  if (headers[":method"] !== "POST") {
    return new ServeError("HTTP_METHOD_WRONG", "gRPC calls are made by POST");
  }
  if (isServed(headers["content-type"] ?? "")) return undefined;
  const message = "the content type must be application/grpc or application/grpc+proto";
  return new ServeError("CONTENT_TYPE_UNKNOWN", message);
}

// Libraries write their own protobuf codec's name behind the plus; JSON is no such codec.
const contentType = /^application\/grpc(\+([!#$%&'*.^_`|~\w-]+))?\s*(;|$)/;

function isServed(type: string): boolean {
  const [whole, , codec] = contentType.exec(type) ?? [];
  return whole !== undefined && codec !== "json";
}
