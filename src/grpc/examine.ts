/** What the edge is told of gRPC: what a stream's headers say, and how a stream is refused. */
import type { IncomingHttpHeaders } from "node:http2";
import { ServeError } from "../base/errors.ts";
import { unknownMethod } from "../base/meter.ts";
import type { Examined, StreamProtocol } from "../edge/protocol.ts";
import { Framing } from "./framing.ts";
import { notGrpc } from "./http-request.ts";
import { timeoutOf } from "./timeout.ts";
import { refuse } from "./trailers-only.ts";

/** A method that is served. */
export interface ServedMethod {
  /** The longest that a call of it may take, from its headers on; Infinity for no bound. */
  readonly maxMs: number;
  /** What is said of each call of it that may begin. */
  readonly examined: Examined;
}

export interface ServedMethodOptions {
  /** Such as `/inferd.v1.ModelService/GetModel`. */
  readonly path: string;
  /** Whether its callers send as many messages as they like. */
  readonly sendsStream: boolean;
  readonly maxMs: number;
}

export function servedMethod({ path, sendsStream, maxMs }: ServedMethodOptions): ServedMethod {
  const framing = sendsStream ? { framing: () => new Framing() } : {};
  return { maxMs, examined: { method: path.slice(1), isEndless: maxMs === Infinity, ...framing } };
}

/** `methods`: the server's, by path. */
export function grpcProtocol(methods: ReadonlyMap<string, ServedMethod>): StreamProtocol {
  return {
    examine: (headers) => {
      const method = methods.get(headers[":path"] ?? "");
      const refusal = refusalOf(headers, method);
      const examined = method?.examined ?? { method: unknownMethod, isEndless: false };
      return refusal === undefined ? examined : { ...examined, refusal };
    },
    reject: refuse,
  };
}

/** Looks at a call's headers, and writes the timeout that grpc-js is to keep into them. */
function refusalOf(
  headers: IncomingHttpHeaders,
  method: ServedMethod | undefined,
): ServeError | undefined {
  const refusal = notGrpc(headers);
  if (refusal !== undefined) return refusal;
  if (method === undefined) {
    return new ServeError(
      "METHOD_UNKNOWN",
      "this server has no such method; reflection lists those it has",
    );
  }
  const given = headers["grpc-timeout"];
  const timeout = Array.isArray(given)
    ? ({ kind: "invalid" } as const)
    : timeoutOf(given, method.maxMs);
  switch (timeout.kind) {
    case "invalid":
      return new ServeError(
        "TIMEOUT_INVALID",
        "grpc-timeout must be up to 8 digits and a unit, once",
      );
    case "none":
      delete headers["grpc-timeout"];
      return undefined;
    case "some":
      headers["grpc-timeout"] = timeout.header;
      return undefined;
  }
}
