/**
 * How a connection is ended without a failed call: GOAWAY is announced, and takes effect a round trip later
 * (RFC 9113 §6.8). A client begins no stream after it has heard the first, which names the highest stream there
 * can be; those that were on their way are served; the second names the last of them. gRPC's libraries repeat a
 * call that one GOAWAY refused, but proxies do not: nginx and HAProxy make an error of it.
 *
 * nghttp2 can announce (`nghttp2_submit_shutdown_notice`); Node (24.21) does not offer it, and nghttp2 takes no
 * stream after any GOAWAY of `session.goaway`. So the notice goes to the system below the session: Node writes whole
 * frames there, and while it has none in its queue, the notice falls between two. It must not go through Node's
 * socket: a write of any but the session that does not end at once aborts the process ("is_write_in_progress"), and
 * a client that reads nothing brings that about. Over TLS there is no way around the socket. There the connection is
 * ended when a stream begins and as many are open as ever were: a client that makes so many calls at a time, one as
 * nginx does or more, waits for their answers then, and has none on its way.
 * Tested in test/grpc/goaway.test.ts, and with real proxies in test/proxies.
 */
import { writeSync } from "node:fs";
import type { Http2Server, Http2Session } from "node:http2";
import type { Socket } from "node:net";
import type { Clock } from "../base/clock.ts";

/** How long an answer is waited for. Who takes longer may have a call refused, unprocessed. */
export const roundTripMs = 1000;

// How soon it is tried again to announce to a client that has yet to read what was sent before.
const retryMs = 10;

/** The streams of one session. */
export interface Streams {
  readonly open: number;
  /** The most that were open at once. */
  readonly peak: number;
}

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

export interface GoawayOptions {
  readonly why: string;
  readonly clock: Pick<Clock, "after">;
  readonly streams: Streams;
}

/**
 * Calls when a stream begins and none else can be on its way, as far as may be known. Where the peak is not reached
 * in half the time, what is reached in that half counts.
 */
function atPeak(session: Http2Session, { clock, streams }: GoawayOptions, call: () => void): void {
  let [wanted, seen] = [streams.peak, 1];
  const stopWaiting = clock.after(roundTripMs / 2, () => (wanted = seen));
  session.once("close", stopWaiting);
  session.on("stream", () => {
    seen = Math.max(seen, streams.open);
    // At once, before an answer lets its caller begin another.
    if (streams.open >= wanted) call();
  });
}

/**
 * Asks a client to open a new connection, and closes the session when it has heard of that; it ends with its last stream.
 * `why` is in ASCII, and what clients show in their traces. Never rejects.
 */
export async function sendGoaway(session: Http2Session, options: GoawayOptions): Promise<void> {
  const { why, clock } = options;
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
    if (session.encrypted) atPeak(session, options, resolve);
    else if (!session.connecting) tell();
  });
  // Does nothing for one that has gone.
  session.close();
}

/** The open connections of a port, and how each is asked to go. */
export class GoawaySessions {
  readonly #clock: Pick<Clock, "after">;
  readonly #sessions = new Map<Http2Session, Streams>();

  constructor(clock: Pick<Clock, "after">) {
    this.#clock = clock;
  }

  /** Call it once for each server, before a connection can be made. */
  watch(server: Http2Server): void {
    server.on("session", (session) => {
      const streams = { open: 0, peak: 0 };
      this.#sessions.set(session, streams);
      session.once("close", () => this.#sessions.delete(session));
      session.on("stream", (stream) => {
        streams.open += 1;
        streams.peak = Math.max(streams.peak, streams.open);
        stream.once("close", () => (streams.open -= 1));
      });
    });
  }

  /** Asks one to go; see {@link sendGoaway}. */
  async sendGoaway(session: Http2Session, why: string): Promise<void> {
    const streams = this.#sessions.get(session);
    if (streams !== undefined) await sendGoaway(session, { why, clock: this.#clock, streams });
  }

  /** Asks all to go. Resolves when each has heard of it, or should have. */
  async sendGoaways(): Promise<void> {
    const sessions = [...this.#sessions.keys()];
    await Promise.all(sessions.map((session) => this.sendGoaway(session, "shutting_down")));
  }
}
