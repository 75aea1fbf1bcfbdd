/** The one answer that a connection of HTTP/1.1 gets from a port that serves gRPC alone. */
import type { Socket } from "node:net";
import type { RejectionLog } from "../edge/rejection-log.ts";
import type { ReceiveHttp1 } from "../edge/protocol.ts";

/** How long a client may take to read it. */
const readMs = 1000;

const text =
  "This is a gRPC server: gRPC needs HTTP/2, and this request is HTTP/1.1. Call it with a gRPC client, such as grpcurl or inferd call.\n";

const answer = [
  "HTTP/1.1 505 HTTP Version Not Supported",
  "content-type: text/plain; charset=utf-8",
  `content-length: ${text.length}`,
  "connection: close",
  "",
  text,
].join("\r\n");

export function refuseHttp1(rejections: Pick<RejectionLog, "connection">): ReceiveHttp1 {
  return (socket) => {
    rejections.connection("NOT_HTTP2", socket.remoteAddress);
    socket.on("error", () => undefined);
    socket.end(answer);
    discardRest(socket);
  };
}

/** A socket that is closed over unread bytes takes its answer back. */
function discardRest(socket: Socket): void {
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), readMs).unref();
  socket.once("close", () => clearTimeout(timer));
}
