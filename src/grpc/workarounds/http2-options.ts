/**
 * grpc-js 1.14.7 has no option for what is set here on the Node servers below it, and no way to reach them
 * (grpc-node#2872 is one consequence). A missing private field stops the start.
 * Tested in test/grpc/gate.test.ts, test/grpc/headers.test.ts and test/auth/tls.test.ts.
 */
import type { Http2Server } from "node:http2";
import type { Server } from "@grpc/grpc-js";

interface Internals {
  readonly commonServerOptions?: Record<string, unknown>;
  readonly http2Servers?: ReadonlyMap<Http2Server, unknown>;
}

export interface Http2Limits {
  /** Bytes of a call's headers, counted as HTTP/2 does: 32 more for each than its name and value. */
  readonly maxHeaderBytes: number;
  /** Streams of one connection that may be refused, one after another. */
  readonly maxResetBurst: number;
  /** How long a TLS handshake may take; Node gives it 120 s. */
  readonly handshakeMs: number;
  /** Whether ALPN offers HTTP/1.1 too. */
  readonly allowHttp1: boolean;
}

// So many headers fit no honest call; Node's own bound is 128.
const maxHeaders = 64;

/**
 * Sets what must stand before a connection is made: call it before `bindAsync`.
 *
 * nghttp2 lets a connection reset 1,000 streams at once, then 33 a second, and closes it beyond that
 * with all other streams on it (grpc-node#2872). Each press of a stop button is a reset, and a proxy
 * puts many users on one connection. So its limiter is switched off: `edge/connection-penalties.ts` counts instead,
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
  { maxHeaderBytes, maxResetBurst, handshakeMs, allowHttp1 }: Http2Limits,
): void {
  const options = internals(server).commonServerOptions;
  if (options === undefined) throw missing("commonServerOptions");
  options["streamResetBurst"] = 2 ** 31 - 1;
  options["streamResetRate"] = 2 ** 31 - 1;
  options["maxSessionInvalidFrames"] = 2 ** 32 - 1;
  options["maxSessionRejectedStreams"] = maxResetBurst;
  options["maxHeaderListPairs"] = maxHeaders;
  options["handshakeTimeout"] = handshakeMs;
  options["allowHTTP1"] = allowHttp1;
  options["settings"] = { ...Object(options["settings"]), maxHeaderListSize: maxHeaderBytes };
}

/** The Node servers below, once `bindAsync` has called back. */
export function http2Servers(server: Server): Iterable<Http2Server> {
  const servers = internals(server).http2Servers;
  if (servers === undefined) throw missing("http2Servers");
  return servers.keys();
}

function internals(server: Server): Internals {
  // Private by its type only; what is not there is found undefined above.
  return server as unknown as Internals;
}

function missing(field: string): Error {
  return new Error(`bug: this grpc-js has no ${field}; see src/grpc/workarounds/http2-options.ts`);
}
