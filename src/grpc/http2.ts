/**
 * The two things that grpc-js offers no option for, set on the Node servers below it. Both reach into
 * private fields of a pinned version; each has a test of its behaviour, and a missing field stops the
 * start.
 */
import type { Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { Server } from "@grpc/grpc-js";

interface Internals {
  readonly commonServerOptions?: Record<string, unknown>;
  readonly http2Servers?: ReadonlyMap<Http2Server, unknown>;
}

/**
 * Lets a connection reset more streams than nghttp2 allows: 1,000 at once, then 33 a second, past
 * which it closes the connection under everybody else's streams (grpc-node#2872). Each press of a
 * stop button is a reset, and a proxy puts many users on one connection. Call it before `bindAsync`.
 *
 * There is still a bound, since resets are also an attack (CVE-2023-44487): at this rate they cost a
 * few hundredths of a core.
 */
export function allowManyResets(server: Server): void {
  const options = internals(server).commonServerOptions;
  if (options === undefined) throw missing("commonServerOptions");
  options["streamResetBurst"] = 10_000;
  options["streamResetRate"] = 1000;
}

/**
 * Mends deadlines before grpc-js reads them: it counts in 32 bits, so one past 24.8 days is over at
 * once, and it cuts fractions of a millisecond. Call it when `bindAsync` has called back.
 */
export function mendDeadlines(server: Server): void {
  const servers = internals(server).http2Servers;
  if (servers === undefined) throw missing("http2Servers");
  for (const http2Server of servers.keys()) {
    http2Server.prependListener("stream", (_: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
      const given = headers["grpc-timeout"];
      if (typeof given !== "string") return;
      const mended = mendTimeout(given);
      if (mended === undefined) delete headers["grpc-timeout"];
      else headers["grpc-timeout"] = mended;
    });
  }
}

const unitsMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};
const longestTimerMs = 2 ** 31 - 1;

/**
 * A `grpc-timeout` as grpc-js can keep it: whole milliseconds, rounded up. Undefined where it is
 * further away than any timer: no deadline at all. What is no timeout is left for grpc-js to refuse.
 */
export function mendTimeout(given: string): string | undefined {
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(given) ?? [];
  if (digits === undefined || unit === undefined) return given;
  const ms = Number(digits) * (unitsMs[unit] ?? 0);
  if (ms > longestTimerMs) return undefined;
  return unit === "u" || unit === "n" ? `${Math.ceil(ms)}m` : given;
}

function internals(server: Server): Internals {
  // Private by its type only; what is not there is found undefined above.
  return server as unknown as Internals;
}

function missing(field: string): Error {
  return new Error(`bug: this grpc-js has no ${field}; see src/grpc/http2.ts`);
}
