/** Calls to a server: one way for all kinds of methods, with cancellation by Ctrl-C and readable errors. */
import { Client, type ClientDuplexStream, logVerbosity, setLogVerbosity } from "@grpc/grpc-js";
import { wallMs } from "../base/clock.ts";
import { CallError, isServiceError } from "./call-error.ts";
import { credentialsOf, metadataOf } from "./connection.ts";
import { Interrupted, UsageError } from "./failure.ts";
import type { ConnectionFlags } from "./flags/connection.ts";
import { type Proxy, proxyOf } from "./proxy.ts";

/** The part of a method that a call needs. Generated service definitions have it. */
export interface Method<I, O> {
  readonly path: string;
  readonly requestSerialize: (value: I) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => O;
}

export interface Server {
  /** Sends the requests and yields the responses as they arrive. Leaving the loop cancels the call. */
  call<I, O>(method: Method<I, O>, requests: readonly I[]): AsyncIterable<O>;
}

/** Connects, runs the function, and disconnects. Ctrl-C cancels the open call. */
export async function withServer(
  flags: ConnectionFlags,
  run: (server: Server) => Promise<void>,
): Promise<void> {
  const proxy = proxyOf(flags.address, process.env);
  const client = connect(flags, proxy);
  const interruption = new AbortController();
  const interrupt = (): void => interruption.abort(new Interrupted());
  // Only the first: a second Ctrl-C ends the process immediately.
  process.once("SIGINT", interrupt);
  try {
    await run({ call: (method, requests) => call(method, requests, client) });
  } catch (error) {
    interruption.signal.throwIfAborted();
    throw isServiceError(error) ? new CallError(error, flags.address, proxy) : error;
  } finally {
    process.off("SIGINT", interrupt);
    client.close();
  }

  async function* call<I, O>(
    method: Method<I, O>,
    requests: readonly I[],
    client: Client,
  ): AsyncIterable<O> {
    const stream = open(client, method, flags);
    const cancel = (): void => stream.cancel();
    interruption.signal.addEventListener("abort", cancel);
    try {
      for (const request of requests) stream.write(request);
      stream.end();
      // The stream's iterator has no type; it yields the results of responseDeserialize.
      for await (const response of stream as AsyncIterable<O>) yield response;
    } finally {
      interruption.signal.removeEventListener("abort", cancel);
      stream.cancel();
    }
  }
}

function connect(flags: ConnectionFlags, proxy: Proxy | undefined): Client {
  const { address } = flags;
  const secured = credentialsOf(flags);
  // The error has the text that grpc-js would write to standard error.
  if (process.env["GRPC_VERBOSITY"] === undefined) setLogVerbosity(logVerbosity.NONE);
  try {
    return new Client(address, secured, {
      "grpc.max_receive_message_length": -1,
      "grpc.max_send_message_length": -1,
      // grpc-js would read the environment itself, for this machine's own addresses too.
      "grpc.enable_http_proxy": proxy === undefined ? 0 : 1,
    });
  } catch {
    throw new UsageError(
      `--address must look like localhost:50051, not ${JSON.stringify(address)}`,
    );
  }
}

/**
 * Opens the call as a bidirectional stream, whatever the method is: on the wire, a single request or response is a
 * stream of one.
 */
function open<I, O>(
  client: Client,
  method: Method<I, O>,
  flags: ConnectionFlags,
): ClientDuplexStream<I, O> {
  const metadata = metadataOf(flags);
  const { path, requestSerialize, responseDeserialize } = method;
  const options = flags.timeout === undefined ? {} : { deadline: wallMs() + flags.timeout * 1000 };
  return client.makeBidiStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
    metadata,
    options,
  );
}
