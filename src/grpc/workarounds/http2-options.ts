/**
 * What grpc-js offers no option for, set on the Node servers below it. It reaches into private fields
 * of a pinned version; each has a test of its behaviour, and a missing field stops the start.
 */
import type { Http2Server } from "node:http2";
import { Server as NetServer } from "node:net";
import type { Server } from "@grpc/grpc-js";

interface Internals {
  readonly commonServerOptions?: Record<string, unknown>;
  readonly http2Servers?: ReadonlyMap<Http2Server, unknown>;
}

export interface Http2Limits {
  /** Bytes of a call's headers, counted as HTTP/2 does: 32 more for each than its name and value. */
  readonly maxHeaderBytes: number;
  /** Streams that one connection may begin in vain, one after another. */
  readonly maxResetBurst: number;
  /** How long a TLS handshake may take; Node gives it 120 s. */
  readonly handshakeMs: number;
}

// So many headers fit no honest call; Node's own bound is 128.
const maxHeaders = 64;

/**
 * Sets what must stand before a connection is made: call it before `bindAsync`.
 *
 * nghttp2 lets a connection reset 1,000 streams at once, then 33 a second, and closes it beyond that
 * under everybody else's streams (grpc-node#2872). Each press of a stop button is a reset, and a proxy
 * puts many users on one connection. So its limiter is put out of the way: `conduct.ts` counts instead,
 * and says ENHANCE_YOUR_CALM.
 *
 * Node (24.21) counts a stream as open until JavaScript has seen its end, so a burst of cancelled calls is past
 * `maxConcurrentStreams` for it. It refuses the next 100, and 1,000 frames of refused streams over a connection's whole life,
 * and then ends the connection with INTERNAL_ERROR: a stock Python client did that to itself with 2,000
 * cancellations at once. Refusals in a row have our burst as their bound, and one call that is let in ends the row;
 * invalid frames have none (decision 33).
 */
export function limitHttp2(
  server: Server,
  { maxHeaderBytes, maxResetBurst, handshakeMs }: Http2Limits,
): void {
  const options = internals(server).commonServerOptions;
  if (options === undefined) throw missing("commonServerOptions");
  options["streamResetBurst"] = 2 ** 31 - 1;
  options["streamResetRate"] = 2 ** 31 - 1;
  options["maxSessionInvalidFrames"] = 2 ** 32 - 1;
  options["maxSessionRejectedStreams"] = maxResetBurst;
  options["maxHeaderListPairs"] = maxHeaders;
  options["handshakeTimeout"] = handshakeMs;
  options["settings"] = { ...Object(options["settings"]), maxHeaderListSize: maxHeaderBytes };
}

// Bytes that one connection may send before it hears of any: the windows of 16 streams.
const connectionWindowBytes = 1024 * 1024;

/**
 * Lets requests of one connection come beside each other. Call it once, before a connection can be made.
 *
 * Node gives this window back as bytes arrive, read or not, so it holds nothing. A stream's own window is what
 * a stream that is not read can hold, uncounted, so it stays as it is.
 */
export function widenUploads(server: Http2Server): void {
  server.on("session", (session) => {
    if (!session.destroyed) session.setLocalWindowSize(connectionWindowBytes);
  });
}

/** The Node servers below, once `bindAsync` has called back. */
export function http2Servers(server: Server): Iterable<Http2Server> {
  const servers = internals(server).http2Servers;
  if (servers === undefined) throw missing("http2Servers");
  return servers.keys();
}

/** Takes no more connections. Those that are open stay: `close` of Node's HTTP/2 servers would end them at once. */
export function stopListening(server: Http2Server): void {
  NetServer.prototype.close.call(server);
}

function internals(server: Server): Internals {
  // Private by its type only; what is not there is found undefined above.
  return server as unknown as Internals;
}

function missing(field: string): Error {
  return new Error(`bug: this grpc-js has no ${field}; see src/grpc/workarounds/http2-options.ts`);
}
