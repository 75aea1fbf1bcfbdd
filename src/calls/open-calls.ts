import { ServeError } from "../base/errors.ts";
import type { CallContext } from "./call.ts";

/** What a protocol says of a call that begins. */
export type BeginningCall = Pick<
  CallContext,
  "method" | "requestId" | "traceparent" | "deadline" | "peer" | "caller"
>;

/** A call between its headers and its status. */
export interface OpenCall {
  readonly context: CallContext;
  /** Marks the call as ended. False where it had ended before: then there is no status to send. */
  readonly settle: () => boolean;
  /** Ends a call whose caller can hear no more: by its deadline where that has come, else as cancelled. Nothing once it has ended. */
  readonly disconnect: () => void;
}

// Node's timers can fire this much before the clock says so.
const timerSlackMs = 2;

/** All calls that are running: each ends early by one signal, whose reason is what its caller sees. */
export class OpenCalls {
  readonly #open = new Map<OpenCall, AbortController>();
  #refusal: ServeError | undefined;

  begin(call: BeginningCall): OpenCall {
    const controller = new AbortController();
    const open: OpenCall = {
      context: {
        ...call,
        signal: controller.signal,
        abort: (reason) => controller.abort(reason),
        arrivedAt: performance.now(),
        record: {},
      },
      settle: () => this.#open.delete(open),
      disconnect: () => {
        if (this.#open.has(open)) controller.abort(whyDisconnected(call.deadline));
      },
    };
    this.#open.set(open, controller);
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

/** A protocol's library may end a call by a deadline timer of its own, and say no more than that it ended. */
function whyDisconnected(deadline: number): ServeError {
  return performance.now() + timerSlackMs >= deadline
    ? ServeError.of("DEADLINE_PASSED")
    : ServeError.of("CALLER_GONE");
}
