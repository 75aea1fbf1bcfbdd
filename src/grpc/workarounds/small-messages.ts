/**
 * Lets the messages of a stream be small. grpc-js decodes 16 of them ahead of a handler that waits, and
 * asks for more as it likes; a caller who sends large ones and reads no answer held 100 MB a stream.
 * The only streams of requests are reflection's, and what those ask for are names.
 *
 * It reaches into private fields of a pinned version; a missing one fails every such call.
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
