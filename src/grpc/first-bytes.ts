/**
 * Looks at what a plaintext connection says first. To HTTP/1.1, Node's HTTP/2 answers frames, which clients show as
 * "illegal request line" and the like; so it gets one answer that it can read. All others go on to HTTP/2 as they came.
 */
import type { Socket } from "node:net";

/** How HTTP/2 begins: `PRI * HTTP/2.0`. No method of HTTP/1.1 has its first three letters. */
const preface = "PRI";

/** How long a client may take to read the answer. */
const lastWordsMs = 1000;

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

export interface FirstBytesOptions {
  /** How long a connection may be silent. */
  readonly waitMs: number;
  /** It is to be served. What was read of it is in it again. */
  readonly serve: () => void;
  /** It is HTTP/1.1, and has its answer. */
  readonly refused: () => void;
  /** It was silent, and is closed. */
  readonly silent: () => void;
}

/** Waits for a connection's first bytes, then serves it or answers it. Holds three bytes and what came with them. */
export function readFirstBytes(socket: Socket, options: FirstBytesOptions): void {
  let seen = Buffer.alloc(0);
  const fail = (): void => void socket.destroy();
  const timer = setTimeout(() => {
    options.silent();
    socket.destroy();
  }, options.waitMs).unref();
  const look = (): void => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return;
    seen = Buffer.concat([seen, chunk]);
    const start = seen.toString("latin1", 0, preface.length);
    if (start.length < preface.length && preface.startsWith(start)) return;
    leave();
    if (start !== preface && /^[A-Z]+$/.test(start)) {
      options.refused();
      refuse(socket);
      return;
    }
    socket.unshift(seen);
    options.serve();
  };
  const leave = (): void => {
    clearTimeout(timer);
    socket.off("readable", look).off("close", leave).off("error", fail);
  };
  socket.on("readable", look).once("close", leave).once("error", fail);
}

function refuse(socket: Socket): void {
  socket.on("error", () => undefined);
  socket.end(answer);
  // What it still sends is let go: a socket that is closed over unread bytes takes its answer back.
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), lastWordsMs).unref();
  socket.once("close", () => clearTimeout(timer));
}
