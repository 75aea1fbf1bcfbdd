/**
 * Turns grpc-js's four kinds of call into `(request, context) => AsyncIterable<response>`.
 *
 * What grpc-js leaves to a handler is done here and in `calls/run.ts`, once: it does not await one, so a
 * rejection would end the process and hang the caller; a stream that is destroyed with an error sends no
 * status, one that emits it does; `drain` never comes after a cancellation; a deadline is noticed late where
 * the caller does not read.
 */
import type {
  handleBidiStreamingCall,
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  MethodDefinition,
  ServerDuplexStream,
  ServerReadableStream,
  UntypedHandleCall,
} from "@grpc/grpc-js";
import { ServeError } from "../base/errors.ts";
import type { Handler } from "../calls/call.ts";
import { intercept, type Interceptor } from "../calls/intercept.ts";
import type { OpenCall } from "../calls/open-calls.ts";
import { type End, only, pump, run, unlessOver } from "../calls/run.ts";
import { StreamWriter, type Sink } from "../calls/stream-writer.ts";
import type { AnyCall } from "./begin-call.ts";
import { wireStatus, type WireStatus } from "./status.ts";

/** Stands in for a request that cannot be read, or must not be. */
export class Unreadable {
  readonly error: ServeError;

  constructor(error: ServeError) {
    this.error = error;
  }
}

/**
 * Reads requests without throwing. grpc-js answers INTERNAL where reading throws, before any handler
 * runs; so the error waits for the handler, where it is logged and has a reason.
 */
export function tolerant<I>(read: (bytes: Buffer) => I): (bytes: Buffer) => I | Unreadable {
  return (bytes) => {
    try {
      return read(bytes);
    } catch (thrown) {
      return new Unreadable(thrown instanceof ServeError ? thrown : malformed());
    }
  };
}

export interface AdapterOptions {
  readonly begin: (call: AnyCall, method: string) => OpenCall;
  /** How long a stream's caller may go without reading what there is to read. */
  readonly stallMs: number;
  readonly interceptors: readonly Interceptor[];
}

type Request<I> = I | Unreadable;

/** Makes the function that grpc-js calls for one method. Its requests are read by `tolerant`. */
export function adapt<I, O>(
  method: Pick<MethodDefinition<I, O>, "path" | "requestStream" | "responseStream">,
  handler: Handler<I, O> | Handler<AsyncIterable<I>, O>,
  { begin: beginCall, stallMs, interceptors }: AdapterOptions,
): UntypedHandleCall {
  const name = method.path.slice(1);
  const begin = (call: AnyCall) => beginCall(call, name);
  const writer = (sink: Sink<O>, { context }: OpenCall) => new StreamWriter(sink, context, stallMs);
  if (method.requestStream) {
    // The definition says which of the two kinds of handler it is.
    const whole = intercept(unlessOver(handler as Handler<AsyncIterable<I>, O>), interceptors);
    return method.responseStream ? bidi(whole, begin, writer) : clientStream(whole, begin);
  }
  const whole = intercept(unlessOver(wellFormed(handler as Handler<I, O>)), interceptors);
  return method.responseStream ? serverStream(whole, begin, writer) : unary(whole, begin);
}

type Begin = (call: AnyCall) => OpenCall;
type WriterOf<O> = (sink: Sink<O>, open: OpenCall) => StreamWriter<O>;

function unary<I, O>(
  handler: Handler<Request<I>, O>,
  begin: Begin,
): handleUnaryCall<Request<I>, O> {
  return (call, callback) => {
    const open = begin(call);
    run(open, async () => only(handler(call.request, open.context)), {
      finish: (response) => callback(null, response),
      fail: (error) => callback(statusOf(error, open)),
    });
  };
}

function clientStream<I, O>(
  handler: Handler<AsyncIterable<I>, O>,
  begin: Begin,
): handleClientStreamingCall<Request<I>, O> {
  return (call, callback) => {
    const open = begin(call);
    run(open, async () => only(handler(requestsOf(call, open), open.context)), {
      finish: (response) => callback(null, response),
      fail: (error) => callback(statusOf(error, open)),
    });
  };
}

function serverStream<I, O>(
  handler: Handler<Request<I>, O>,
  begin: Begin,
  writer: WriterOf<O>,
): handleServerStreamingCall<Request<I>, O> {
  return (call) => {
    const open = begin(call);
    const work = async () => pump(handler(call.request, open.context), writer(call, open), open);
    run(open, work, streamEnd(call, open));
  };
}

function bidi<I, O>(
  handler: Handler<AsyncIterable<I>, O>,
  begin: Begin,
  writer: WriterOf<O>,
): handleBidiStreamingCall<Request<I>, O> {
  return (call) => {
    const open = begin(call);
    const work = async () =>
      pump(handler(requestsOf(call, open), open.context), writer(call, open), open);
    run(open, work, streamEnd(call, open));
  };
}

function statusOf(error: ServeError, { context: { requestId } }: OpenCall): WireStatus {
  return wireStatus(error, requestId);
}

interface WritableCall {
  end(): void;
  emit(event: "error", status: WireStatus): boolean;
}

function streamEnd(call: WritableCall, open: OpenCall): End<void> {
  return {
    finish: () => call.end(),
    fail: (error) => call.emit("error", statusOf(error, open)),
  };
}

/** A caller's messages. Throws why the call ended where it ends before them. */
async function* requestsOf<I>(
  call: ServerReadableStream<Request<I>, never> | ServerDuplexStream<Request<I>, never>,
  { context: { signal } }: OpenCall,
): AsyncGenerator<I> {
  try {
    // A duplex stream must outlive its requests: the responses go out on it.
    for await (const request of call.iterator({ destroyOnReturn: false })) {
      // grpc-js types streams of objects as streams of anything.
      yield read(request as Request<I>);
    }
  } catch (thrown) {
    throw signal.aborted ? signal.reason : thrown;
  }
}

/** Refuses a malformed request where interceptors see it. */
function wellFormed<I, O>(next: Handler<I, O>): Handler<Request<I>, O> {
  return (request, context) => next(read(request), context);
}

function read<I>(request: Request<I>): I {
  if (request instanceof Unreadable) throw request.error;
  return request;
}

function malformed(): ServeError {
  const message = "the request's bytes are not the message that the method takes";
  return new ServeError("MESSAGE_MALFORMED", message);
}
