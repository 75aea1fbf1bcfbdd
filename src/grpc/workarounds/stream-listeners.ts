/**
 * grpc-js 1.14.7 listens to its Node servers' streams itself, and offers no look at one before it.
 * So its listeners are taken from the server, and called once the gate has let a stream in.
 * Tested in test/grpc/gate.test.ts.
 */
import type { Http2Server } from "node:http2";
import type { ReceiveStream } from "../../edge/protocol.ts";

/** Takes grpc-js's listeners from a server. Call it once, before a connection can be made. */
export function takeStreams(server: Http2Server): ReceiveStream {
  const listeners = server.listeners("stream");
  server.removeAllListeners("stream");
  return (stream, headers, flags) => {
    for (const listener of listeners) Reflect.apply(listener, server, [stream, headers, flags]);
  };
}
