/**
 * Asks connections to end once they have reached an age, so that load spreads over new servers.
 *
 * A GOAWAY refuses the calls that are on their way, and clients repeat a refused call by themselves, once.
 * RFC 9113 §6.8 would announce it a round trip before; nghttp2 can, Node does not let it, and takes no new
 * stream after any other GOAWAY. So the connection after it has to take the call: an age counts from a
 * connection's first call. grpc-js counts from its making, and calls failed on one that was slow to begin.
 */
import { constants, type Http2Server, type ServerHttp2Session } from "node:http2";

export interface AgeLimits {
  /** A tenth more or less, so that connections made together do not end together. */
  readonly ageMs: number;
  /** How long open calls may go on after that. */
  readonly graceMs: number;
  /** From 0 to 1. */
  readonly random: () => number;
}

// A connection without calls ages too, but not in the moment of its first one.
const firstCallMs = 10_000;

/** Call it once, before a connection can be made. */
export function limitAge(server: Http2Server, { ageMs, graceMs, random }: AgeLimits): void {
  server.on("session", (session) => {
    const jitteredMs = ageMs * (0.9 + 0.2 * random());
    const endAfter = (waitMs: number): NodeJS.Timeout =>
      setTimeout(() => {
        end(session);
        timer = setTimeout(() => session.destroy(), graceMs).unref();
      }, waitMs).unref();
    let timer = endAfter(jitteredMs + firstCallMs);
    session.once("stream", () => {
      if (session.closed) return;
      clearTimeout(timer);
      timer = endAfter(jitteredMs);
    });
    session.once("close", () => clearTimeout(timer));
  });
}

/** Takes no more calls; the connection closes with its last open one. */
function end(session: ServerHttp2Session): void {
  if (session.destroyed) return;
  // What clients show in their traces is what grpc-go and grpc-java say too.
  session.goaway(constants.NGHTTP2_NO_ERROR, 2 ** 31 - 1, Buffer.from("max_age"));
  session.close();
}
