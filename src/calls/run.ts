/**
 * Runs a call's handler for any protocol. A call ends exactly once: when its handler is done, or when its
 * signal aborts, whichever is first. A handler that ignores the signal delays only itself.
 */
import { ServeError } from "../base/errors.ts";
import type { Handler } from "./call.ts";
import type { OpenCall } from "./open-calls.ts";
import type { StreamWriter } from "./stream-writer.ts";

/** How a protocol ends a call. One of the two is called, once. */
export interface End<T> {
  finish(value: T): void;
  fail(error: ServeError): void;
}

/** Runs a call's work, which must not throw but reject, and ends the call with what it gives, or with why it stopped. */
export function run<T>(open: OpenCall, work: () => Promise<T>, end: End<T>): void {
  const { signal } = open.context;
  const fail = (thrown: unknown): void => {
    if (!open.settle()) return;
    // A handler stopped by the signal may throw anything; the signal knows why.
    const reason: unknown = signal.aborted ? signal.reason : thrown;
    end.fail(ServeError.from(reason));
  };
  signal.addEventListener("abort", fail, { once: true });
  work().then((value) => {
    if (open.settle()) end.finish(value);
  }, fail);
}

/** Takes a unary method's one response, and lets its handler come to its end. */
export async function only<O>(responses: AsyncIterable<O>): Promise<O> {
  const taken: O[] = [];
  for await (const response of responses) taken.push(response);
  const [response] = taken;
  if (response === undefined || taken.length > 1) {
    throw new Error(`bug: a unary method gave ${taken.length} responses`);
  }
  return response;
}

/** Writes responses as fast as the caller reads them. Leaving the loop stops the handler. */
export async function pump<O>(
  responses: AsyncIterable<O>,
  writer: StreamWriter<O>,
  { context: { signal } }: OpenCall,
): Promise<void> {
  for await (const response of responses) {
    await writer.write(response);
    if (signal.aborted) return;
  }
}

/** Refuses a call that was over before it began, where interceptors see it: one that comes late in a drain. */
export function unlessOver<I, O>(next: Handler<I, O>): Handler<I, O> {
  return (request, context) => {
    if (context.signal.aborted) throw context.signal.reason;
    return next(request, context);
  };
}
