/** Writes one line a call and counts it: what it was, how it ended, what it took. Never what was said. */
import { ServeError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { EndedCall, Meter } from "../base/meter.ts";
import type { CallContext } from "./call.ts";
import type { Interceptor } from "./intercept.ts";
import { traceIdOf } from "./trace-context.ts";

export interface ObservationOptions {
  readonly meter: Meter;
  /**
   * Writes calls that went well at debug: those of probes, which come every few seconds, and watches, which end
   * with their caller or with the server.
   */
  readonly quiet: boolean;
  /** A monotonic clock in milliseconds, the one that `CallContext.arrivedAt` is read from. */
  readonly now: () => number;
}

/** Logs and counts each call when it ends. Belongs outermost, so that it sees what the caller sees. */
export function observation(log: Log, { meter, now, quiet }: ObservationOptions): Interceptor {
  return (context) => {
    meter.callBegan(context.method);
    const ended = (error: ServeError | undefined): void => {
      const outcome = context.signal.aborted ? ServeError.from(context.signal.reason) : error;
      const durationMs = now() - context.arrivedAt;
      meter.callEnded(endOf(context, outcome, durationMs));
      const write = quiet && isWell(outcome) ? log.debug : levelOf(log, outcome);
      write(fieldsOf(context, outcome, durationMs), "call");
    };
    return { context, ended };
  };
}

function isWell(error: ServeError | undefined): boolean {
  return error === undefined || error.reason === "CALLER_GONE" || error.reason === "SHUTTING_DOWN";
}

function levelOf(log: Log, error: ServeError | undefined): Log["info"] {
  // A fault of the server's, not of what its caller sent.
  if (error?.reason === "INTERNAL") return log.error;
  if (error?.code === "UNAVAILABLE") return log.warn;
  return log.info;
}

function endOf(
  { method, record }: CallContext,
  error: ServeError | undefined,
  durationMs: number,
): EndedCall {
  const code = error?.code ?? "OK";
  const isStarted = record.job?.isStarted === true;
  return { method, model: record.model, code, reason: error?.reason, durationMs, isStarted };
}

function fieldsOf(context: CallContext, error: ServeError | undefined, durationMs: number) {
  const { method, requestId, traceparent, record } = context;
  const ids = { requestId, ...(traceparent !== undefined && { traceId: traceIdOf(traceparent) }) };
  const { job, ...learnt } = record;
  const rounded = Math.round(durationMs * 10) / 10;
  const told = { ...learnt, ...job?.logFields, durationMs: rounded };
  if (error === undefined) return { method, ...ids, code: "OK", ...told };
  const { code, reason } = error;
  // Only an unforeseen error brings its cause: a foreseen one is told by its reason.
  const cause = reason === "INTERNAL" && error.cause !== undefined ? { error: error.cause } : {};
  return { method, ...ids, code, reason, ...told, ...cause };
}
