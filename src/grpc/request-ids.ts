/**
 * Each call's id, from its headers on: its caller's own, or a new one. It is written into the headers, where
 * the call's handler finds it, and goes back in the answer's first metadata, also where no handler answers.
 */
import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { Metadata, ServerInterceptor } from "@grpc/grpc-js";
import { internalsOf, sameCall, streamOf } from "./workarounds/inner-call.ts";

export const requestIdHeader = "x-request-id";

/** An id is quoted in lines and in every error, so it must be short, and one word. */
const sound = /^[\x21-\x7e]{1,128}$/;

export class RequestIds {
  readonly #ids = new WeakMap<ServerHttp2Stream, string>();
  readonly #newId: () => string;

  constructor(newId: () => string) {
    this.#newId = newId;
  }

  /** Takes a caller's id where it is sound, else a new one. */
  read(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): string {
    const given = headers[requestIdHeader];
    const id = typeof given === "string" && sound.test(given) ? given : this.#newId();
    headers[requestIdHeader] = id;
    this.#ids.set(stream, id);
    return id;
  }

  /** Empty for a stream that was not read. */
  of(stream: ServerHttp2Stream): string {
    return this.#ids.get(stream) ?? "";
  }

  /** Tells each caller its call's id. In place: grpc-js sends metadata by itself, past every interceptor. */
  readonly interceptor: ServerInterceptor = (_, call) => {
    const id = this.of(streamOf(call));
    const inner = internalsOf<{ readonly metadataSent: boolean }>(call);
    const sendMetadata = call.sendMetadata.bind(call);
    call.sendMetadata = (metadata) => {
      metadata.set(requestIdHeader, id);
      sendMetadata(metadata);
    };
    const sendStatus = call.sendStatus.bind(call);
    call.sendStatus = (status) => {
      // A status without metadata before it is the answer's first.
      if (inner.metadataSent === false) status.metadata?.set(requestIdHeader, id);
      sendStatus(status);
    };
    return sameCall(call);
  };
}

// https://www.w3.org/TR/trace-context/#traceparent-header: version ff and ids of zeros are invalid.
const traceparent =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:$|-)/;

/** The id of the trace that a call belongs to; undefined where its caller traces nothing, or says so wrongly. */
export function traceIdOf(metadata: Metadata): string | undefined {
  const [given] = metadata.get("traceparent");
  if (typeof given !== "string") return undefined;
  const [, traceId] = traceparent.exec(given) ?? [];
  // Only a later version may say more.
  return given.length > 55 && given.startsWith("00") ? undefined : traceId;
}
