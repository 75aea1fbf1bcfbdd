/**
 * Lets the messages of a stream be small. grpc-js decodes 16 of them ahead of a handler that waits, and
 * asks for more as it likes; a caller who sends large ones and reads no answer held 100 MB a stream.
 * The only streams of requests are reflection's, and what those ask for are names.
 *
 * It reaches into private fields of a pinned version; a missing one fails every such call.
 */
import type { ServerInterceptingCall, ServerInterceptor } from "@grpc/grpc-js";

const mostBytes = 4096;

interface Internals {
  maxReceiveMessageSize?: number;
  readonly decoder?: { maxReadMessageLength?: number };
}

export const smallMessages: ServerInterceptor = ({ requestStream }, call) => {
  // Private by its type only; what is not there is found undefined below.
  const inner = call as unknown as Internals;
  const most = inner.maxReceiveMessageSize;
  if (most === undefined || inner.decoder?.maxReadMessageLength === undefined) {
    throw new Error("bug: this grpc-js bounds messages elsewhere; see src/grpc/small-messages.ts");
  }
  if (requestStream) {
    inner.maxReceiveMessageSize = Math.min(most, mostBytes);
    inner.decoder.maxReadMessageLength = inner.maxReceiveMessageSize;
  }
  // Declared as the class, used as its interface.
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment
  return call as ServerInterceptingCall;
};
