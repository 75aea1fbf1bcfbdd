/**
 * Some of what grpc-js 1.14.7 decides passes no interceptor, so some interceptors change its own call in place
 * instead of wrapping it. Its types forbid that: the casts are here, in one place.
 * Tested in test/grpc/request-ids.test.ts.
 */
import type { ServerHttp2Stream } from "node:http2";
import type { ServerInterceptingCall, ServerInterceptingCallInterface } from "@grpc/grpc-js";

/** Its private fields as a pinned version has them. Code that reads one must expect it to be gone. */
export function internalsOf<T extends object>(call: ServerInterceptingCallInterface): Partial<T> {
  // Private by its type only.
  return call as unknown as Partial<T>;
}

/** What the call goes over. */
export function streamOf(call: ServerInterceptingCallInterface): ServerHttp2Stream {
  const { stream } = internalsOf<{ readonly stream: ServerHttp2Stream }>(call);
  if (stream === undefined) {
    throw new Error(
      "bug: this grpc-js keeps its stream elsewhere; see src/grpc/workarounds/inner-call.ts",
    );
  }
  return stream;
}

/** The call itself, as what an interceptor returns. */
export function sameCall(call: ServerInterceptingCallInterface): ServerInterceptingCall {
  // Declared as the class, used as its interface.
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment
  return call as ServerInterceptingCall;
}
