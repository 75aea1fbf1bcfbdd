import type { Http2Server } from "node:http2";

// Bytes that one connection may send before it hears of any: the windows of 16 streams.
const connectionWindowBytes = 1024 * 1024;

/**
 * Lets requests of one connection arrive side by side. Call it once, before a connection can be made.
 *
 * Node gives this window back as bytes arrive, read or not, so it holds nothing. A stream's own window is what
 * a stream that is not read can hold, uncounted, so it stays as it is.
 */
export function widenUploads(server: Http2Server): void {
  server.on("session", (session) => {
    if (!session.destroyed) session.setLocalWindowSize(connectionWindowBytes);
  });
}
