/**
 * Counts each call once, whoever ends it. The gate, grpc-js and the doorkeeper can each refuse one while
 * another still thinks about it: the first of them is whom its caller hears. Once its method has begun, what
 * becomes of it is observed there: who refuses it then, as a stream of requests can be, ends its handler with
 * the reason that its caller is told.
 */
import type { ServerHttp2Stream } from "node:http2";
import type { Metadata } from "@grpc/grpc-js";
import type { Reason, ServeError } from "../base/errors.ts";
import type { RefusedCall } from "../base/meter.ts";
import type { CameFrom, RejectionLog } from "./rejection-log.ts";

/** A call that nothing has been counted of. */
interface Coming {
  readonly method: string;
  readonly requestId: string;
  readonly host: string | undefined;
}

type Abort = (reason: ServeError) => void;

export class CallAccounts {
  readonly #rejections: Pick<RejectionLog, "call" | "auditedCall">;
  readonly #coming = new WeakMap<ServerHttp2Stream, Coming>();
  readonly #begun = new WeakMap<ServerHttp2Stream, Abort>();
  /** grpc-js gives a handler its call's metadata, and not its stream. */
  readonly #streams = new WeakMap<Metadata, ServerHttp2Stream>();

  constructor(rejections: Pick<RejectionLog, "call" | "auditedCall">) {
    this.#rejections = rejections;
  }

  /** A call's headers are there. Its method is one that is served, or `unknownMethod`. */
  came(stream: ServerHttp2Stream, method: string, requestId: string): void {
    this.#coming.set(stream, { method, requestId, host: stream.session?.socket.remoteAddress });
  }

  /** Whether nobody has refused a call yet, and its method has not begun. */
  isComing(stream: ServerHttp2Stream): boolean {
    return this.#coming.has(stream);
  }

  /** The metadata that a call's handler will have. */
  read(stream: ServerHttp2Stream, metadata: Metadata): void {
    this.#streams.set(metadata, stream);
  }

  /** A call's method begins, and `abort` ends it. */
  began(metadata: Metadata, abort: Abort): void {
    const stream = this.#streams.get(metadata);
    if (stream === undefined) return;
    this.#coming.delete(stream);
    this.#begun.set(stream, abort);
  }

  /** Ends a call's handler, if it has not ended, with what its caller is told. False where its method has not begun. */
  abort(stream: ServerHttp2Stream, reason: ServeError): boolean {
    const abort = this.#begun.get(stream);
    abort?.(reason);
    return abort !== undefined;
  }

  /** A call is refused for this before its method has begun. */
  refused(stream: ServerHttp2Stream, reason: Reason): void {
    this.#count(stream, reason, (call, from) => this.#rejections.call(call, from));
  }

  /** The doorkeeper has refused a call, and written a line of it: who may not is audited, each time. */
  refusedByAuth(stream: ServerHttp2Stream, reason: Reason): void {
    this.#count(stream, reason, (call) => this.#rejections.auditedCall(call));
  }

  #count(
    stream: ServerHttp2Stream,
    reason: Reason,
    tell: (call: RefusedCall, from: CameFrom) => void,
  ): void {
    const coming = this.#coming.get(stream);
    if (coming === undefined) return;
    this.#coming.delete(stream);
    tell({ method: coming.method, reason }, coming);
  }
}
