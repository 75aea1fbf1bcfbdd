/**
 * How a connection is ended without a failed call: GOAWAY is announced, and takes effect a round trip later
 * (RFC 9113 §6.8). A client begins no stream after it has heard the first, which names the highest stream there
 * can be; those that were on their way are served; the second names the last of them. gRPC's libraries repeat a
 * call that one GOAWAY refused, but proxies do not: nginx and HAProxy make an error of it.
 *
 * nghttp2 can announce (`nghttp2_submit_shutdown_notice`); Node (24.21) does not offer it, and nghttp2 takes no
 * stream after any GOAWAY of `session.goaway`. So the notice goes to the system under the session: Node writes whole
 * frames there, and while it has none in its queue, the notice falls between two. It must not go through Node's
 * socket: a write of any but the session that does not end at once aborts the process ("is_write_in_progress"), and
 * a client that reads nothing brings that about. Over TLS there is no way around the socket. There the connection is
 * ended when its next stream begins: of one call at a time, as nginx makes them, none other can be on its way.
 * Tested in test/grpc/farewell.test.ts, and with real proxies in test/proxies.
 */
import { writeSync } from "node:fs";
import type { Http2Server, Http2Session, ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import type { Clock } from "../base/clock.ts";

/** How long an answer is waited for. Who takes longer may have a call refused, unprocessed. */
export const roundTripMs = 1000;

// How soon it is tried again to announce to a client that has yet to read what was sent before.
const retryMs = 10;

/** Every stream that there can be, and no error. Bytes of the frame's head: length, type, flags, stream. */
function notice(why: string): Buffer {
  const frame = Buffer.alloc(17 + why.length);
  frame.writeUIntBE(8 + why.length, 0, 3);
  frame.writeUInt8(7, 3);
  frame.writeUInt32BE(2 ** 31 - 1, 9);
  frame.write(why, 17, "latin1");
  return frame;
}

/** What Node keeps of a socket below its documentation; absent or -1 where the system has no such number. */
interface Internals {
  readonly _handle?: { readonly fd?: number; readonly writeQueueSize?: number } | null;
}

/** Announces at once. False where that must wait, and a socket that took a part of it is destroyed. */
function announce(socket: Socket, why: string): boolean {
  // Private by its type only; what is not there is found undefined.
  const handle = (socket as unknown as Internals)._handle;
  const fd = handle?.fd ?? -1;
  if (fd < 0 || handle?.writeQueueSize !== 0) return false;
  const frame = notice(why);
  try {
    if (writeSync(fd, frame) < frame.length) socket.destroy();
    return true;
  } catch {
    // No room, or no client any more.
    return false;
  }
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
    let stopTrying = (): void => undefined;
    const tell = (): void => {
      if (session.closed || session.destroyed) return;
      if (announce(socket, why)) session.ping(() => resolve());
      else stopTrying = clock.after(retryMs, tell);
    };
    // What it returns is the socket itself: `session.socket` hides it.
    const socket = session.socket.once("close", resolve);
    session.once("close", () => {
      stopWaiting();
      stopTrying();
    });
    if (session.encrypted) session.once("stream", () => resolve());
    else if (!session.connecting) tell();
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
