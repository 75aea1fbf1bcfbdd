import { ServeError } from "../base/errors.ts";
import type { CallContext, Caller } from "../calls/call.ts";
import type { Metadata } from "@grpc/grpc-js";
import type { CallAccounts } from "./call-accounts.ts";
import { requestIdHeader, traceIdOf } from "./request-ids.ts";

/** What is used of a grpc-js call of any kind. */
export interface AnyCall {
  /** By `performance.now()`: see `monotonic.ts`. */
  getDeadline(): Date | number;
  getPeer(): string;
  readonly metadata: Metadata;
  once(event: "cancelled", listener: () => void): unknown;
}

/** A call between its headers and its status. */
export interface OpenCall {
  readonly context: CallContext;
  /** Marks the call as ended. False where it had ended before: then there is no status to send. */
  settle(): boolean;
}

// Node's timers can fire this much before the clock says so.
const timerSlackMs = 2;

/** The host of an address as grpc-js writes it: `127.0.0.1:5000`, and `::1:5000` without brackets. */
export function hostOf(peer: string): string {
  return peer.replace(/:\d+$/, "");
}

/** All calls that are running: each ends early by one signal, whose reason is what its caller sees. */
export class OpenCalls {
  readonly #open = new Map<OpenCall, AbortController>();
  readonly #callerOf: (metadata: Metadata) => Caller;
  readonly #accounts: Pick<CallAccounts, "began">;
  #refusal: ServeError | undefined;

  constructor(callerOf: (metadata: Metadata) => Caller, accounts: Pick<CallAccounts, "began">) {
    this.#callerOf = callerOf;
    this.#accounts = accounts;
  }

  begin(call: AnyCall, method: string): OpenCall {
    const controller = new AbortController();
    const deadline = Number(call.getDeadline());
    const [requestId = ""] = call.metadata.get(requestIdHeader);
    const open: OpenCall = {
      context: {
        method,
        requestId: String(requestId),
        traceId: traceIdOf(call.metadata),
        signal: controller.signal,
        abort: (reason) => controller.abort(reason),
        deadline,
        arrivedAt: performance.now(),
        peer: call.getPeer(),
        caller: this.#callerOf(call.metadata),
        record: {},
      },
      settle: () => this.#open.delete(open),
    };
    this.#open.set(open, controller);
    this.#accounts.began(call.metadata, open.context.abort);
    // grpc-js emits it after every end, also a good one (grpc-node#2771); also when its own timer for
    // the deadline fires.
    call.once("cancelled", () => {
      if (!this.#open.has(open)) return;
      const late = performance.now() + timerSlackMs >= deadline;
      controller.abort(
        late
          ? new ServeError("DEADLINE_PASSED", "the call's deadline passed before it was done")
          : new ServeError("CALLER_GONE", "the caller cancelled the call or lost its connection"),
      );
    });
    if (this.#refusal !== undefined) controller.abort(this.#refusal);
    return open;
  }

  /** Ends the calls that the filter takes. */
  abort(reason: ServeError, filter: (method: string) => boolean): void {
    for (const [open, controller] of this.#open) {
      if (filter(open.context.method)) controller.abort(reason);
    }
  }

  /** Ends every call, and each that still begins. */
  close(reason: ServeError): void {
    this.#refusal = reason;
    this.abort(reason, () => true);
  }
}
