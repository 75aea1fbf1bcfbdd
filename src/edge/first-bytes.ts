/**
 * Tells HTTP/1.1 from HTTP/2 by what a plaintext connection says first. Node's HTTP/2 answers HTTP/1.1 with frames,
 * which clients show as "illegal request line" and the like.
 */
import type { Socket } from "node:net";

/** How HTTP/2 begins: `PRI * HTTP/2.0`. No method of HTTP/1.1 has its first three letters. */
const preface = "PRI";

export interface FirstBytesOptions {
  /** How long a connection may be silent. */
  readonly waitMs: number;
  /** It is HTTP/2, or nothing known. What was read of it is in it again; so it is for `http1`. */
  readonly http2: () => void;
  readonly http1: () => void;
  /** It was silent, and is closed. */
  readonly silent: () => void;
}

/** Waits for a connection's first bytes, then hands it on. Holds three bytes and what came with them. */
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
    socket.unshift(seen);
    if (start !== preface && /^[A-Z]+$/.test(start)) options.http1();
    else options.http2();
  };
  const leave = (): void => {
    clearTimeout(timer);
    socket.off("readable", look).off("close", leave).off("error", fail);
  };
  socket.on("readable", look).once("close", leave).once("error", fail);
}
