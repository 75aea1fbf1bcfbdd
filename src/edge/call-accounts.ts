/**
 * Counts each call once, whichever part ends it. The gate, a protocol's library and the authorizer can each refuse
 * one while another still decides: the caller is told the first refusal. Once its method has begun, the call is
 * observed there. What refuses it then, as a stream of requests can be, ends its handler with the reason that the
 * caller is told.
 */
import type { ServerHttp2Stream } from "node:http2";
import { Attached } from "../base/attached.ts";
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
  readonly #coming = new Attached<ServerHttp2Stream, Coming>("coming call");
  readonly #begun = new Attached<ServerHttp2Stream, Abort>("abort");

  constructor(rejections: Pick<RejectionLog, "call" | "auditedCall">) {
    this.#rejections = rejections;
  }

  /** A call's headers are there. Its method is one that is served, or `unknownMethod`. */
  came(stream: ServerHttp2Stream, method: string, requestId: string): void {
    this.#coming.set(stream, { method, requestId, host: stream.session?.socket.remoteAddress });
  }

  /** Whether a call has not been refused yet, and its method has not begun. */
  isComing(stream: ServerHttp2Stream): boolean {
    return this.#coming.get(stream) !== undefined;
  }

  /** A call's method begins, and `abort` ends it. */
  began(stream: ServerHttp2Stream, abort: Abort): void {
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

  /** The authorizer has refused a call, and written a line about it: each such refusal is audited. */
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
