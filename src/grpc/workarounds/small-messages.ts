/**
 * grpc-js 1.14.7 decodes 16 messages of a stream ahead of a handler that waits, and asks for more: a caller who
 * sends large ones and reads no answer held 100 MB a stream. So they must be small. The only streams of requests
 * are reflection's, and those ask for names. A missing private field fails every call.
 * Tested in test/grpc/rejections.test.ts.
 */
import type { ServerInterceptor } from "@grpc/grpc-js";
import { internalsOf, sameCall } from "./inner-call.ts";

const mostBytes = 4096;

interface Internals {
  maxReceiveMessageSize: number;
  readonly decoder: { maxReadMessageLength?: number };
}

export const smallMessages: ServerInterceptor = ({ requestStream }, call) => {
  const inner = internalsOf<Internals>(call);
  const most = inner.maxReceiveMessageSize;
  if (most === undefined || inner.decoder?.maxReadMessageLength === undefined) {
    throw new Error(
      "bug: this grpc-js bounds messages elsewhere; see src/grpc/workarounds/small-messages.ts",
    );
  }
  if (requestStream) {
    inner.maxReceiveMessageSize = Math.min(most, mostBytes);
    inner.decoder.maxReadMessageLength = inner.maxReceiveMessageSize;
  }
  return sameCall(call);
};
