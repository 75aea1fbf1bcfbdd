/**
 * How a connection is ended without a failed call: GOAWAY is announced, and takes effect a round trip later
 * (RFC 9113 §6.8). A client begins no stream after it has heard the first, which names the highest stream there
 * can be; those that were on their way are served; the second names the last of them. gRPC's libraries repeat a
 * call that one GOAWAY refused, but proxies do not: nginx and HAProxy make an error of it.
 *
 * nghttp2 can announce (`nghttp2_submit_shutdown_notice`); Node (24.21) does not offer it, and nghttp2 takes no
 * stream after any GOAWAY of `session.goaway`. So the notice is written to the socket under the session. What
 * Node writes there are whole frames, and the system keeps the order of writes; over TLS it would not: OpenSSL's
 * wrapper takes one write at a time. There the connection is ended when its next stream begins: of one call at a
 * time, as nginx makes them, none other can be on its way.
 * Tested in test/grpc/farewell.test.ts, and with real proxies in test/proxies.
 */
import type { Http2Server, Http2Session, ServerHttp2Session } from "node:http2";
import type { Clock } from "../base/clock.ts";

/** How long an answer is waited for. Who takes longer may have a call refused, unprocessed. */
export const roundTripMs = 1000;

/** Every stream that there can be, and no error. Bytes of the frame's head: length, type, flags, stream. */
function notice(why: string): Buffer {
  const frame = Buffer.alloc(17 + why.length);
  frame.writeUIntBE(8 + why.length, 0, 3);
  frame.writeUInt8(7, 3);
  frame.writeUInt32BE(2 ** 31 - 1, 9);
  frame.write(why, 17, "latin1");
  return frame;
}

/**
 * Asks a client to connect anew, and closes the session when it has heard of that; it ends with its last stream.
 * `why` is in ASCII, and what clients show in their traces. Never rejects.
 */
export async function takeLeave(
  session: Http2Session,
  { why, clock }: { readonly why: string; readonly clock: Pick<Clock, "after"> },
): Promise<void> {
  if (session.closed || session.destroyed) return;
  await new Promise<void>((resolve) => {
    const stopWaiting = clock.after(roundTripMs, resolve);
    // What it returns is the socket itself: `session.socket` lets nobody write.
    const socket = session.socket.once("close", resolve);
    session.once("close", stopWaiting);
    if (session.encrypted) session.once("stream", () => resolve());
    else if (!session.connecting) {
      socket.write(notice(why));
      session.ping(() => resolve());
    }
  });
  // Does nothing for one that has gone.
  session.close();
}

/** The open connections of a door, so that all can be ended. */
export class Guests {
  readonly #sessions = new Set<ServerHttp2Session>();

  /** Call it once for each server, before a connection can be made. */
  watch(server: Http2Server): void {
    server.on("session", (session) => {
      this.#sessions.add(session);
      session.once("close", () => this.#sessions.delete(session));
    });
  }

  /** Asks all to go. Resolves when each has heard of it, or should have. */
  async takeLeave(clock: Pick<Clock, "after">): Promise<void> {
    const options = { why: "shutting_down", clock };
    await Promise.all([...this.#sessions].map((session) => takeLeave(session, options)));
  }
}
