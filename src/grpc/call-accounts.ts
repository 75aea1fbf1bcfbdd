import type { ServerHttp2Stream } from "node:http2";
import type { Reason } from "../base/errors.ts";
import type { RefusedCall } from "../base/meter.ts";
import type { TurnedAway } from "./turned-away.ts";

/** A call that nothing has been counted of. */
interface Coming {
  readonly method: string;
  readonly host: string | undefined;
}

/**
 * Counts each call once that ends before its method begins. The gate, grpc-js and the doorkeeper can each
 * refuse one while another still thinks about it; the first of them is whom its caller hears.
 */
export class CallAccounts {
  readonly #turnedAway: Pick<TurnedAway, "call" | "auditedCall">;
  readonly #coming = new WeakMap<ServerHttp2Stream, Coming>();

  constructor(turnedAway: Pick<TurnedAway, "call" | "auditedCall">) {
    this.#turnedAway = turnedAway;
  }

  /** A call's headers are there. Its method is one that is served, or `unknownMethod`. */
  came(stream: ServerHttp2Stream, method: string): void {
    this.#coming.set(stream, { method, host: stream.session?.socket.remoteAddress });
  }

  /** A call is refused for this. */
  refused(stream: ServerHttp2Stream, reason: Reason): void {
    this.#count(stream, reason, (call, host) => this.#turnedAway.call(call, host));
  }

  /** The doorkeeper has refused a call, and written a line of it: who may not is audited, each time. */
  refusedAtTheDoor(stream: ServerHttp2Stream, reason: Reason): void {
    this.#count(stream, reason, (call) => this.#turnedAway.auditedCall(call));
  }

  #count(
    stream: ServerHttp2Stream,
    reason: Reason,
    tell: (call: RefusedCall, host: string | undefined) => void,
  ): void {
    const coming = this.#coming.get(stream);
    if (coming === undefined) return;
    this.#coming.delete(stream);
    tell({ method: coming.method, reason }, coming.host);
  }
}
