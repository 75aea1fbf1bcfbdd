/**
 * grpc-js 1.14.7 gives HTTP/2 a stream's next message when the one before has left, so each takes a frame and a write
 * of its own, however many are there. Here it is told at once that a message has left while little of its stream waits,
 * and what one turn of the loop gives leaves together: several messages in one frame. A lone message leaves in the same
 * turn as it did. So little may wait because only what has really left tells that a caller reads: see
 * `calls/stream-writer.ts`.
 * Tested in test/grpc/message-batches.test.ts.
 */
import { nextTick } from "node:process";
import type { ServerInterceptor } from "@grpc/grpc-js";
import { sameCall, streamOf } from "./inner-call.ts";

/** Of messages that are told to have left: some two dozen tokens, and no large message. */
const mostBytes = 512;

export const messageBatches: ServerInterceptor = ({ responseStream }, call) => {
  if (!responseStream) return sameCall(call);
  const stream = streamOf(call);
  const send = call.sendMessage.bind(call);
  let isCorked = false;
  const uncork = (): void => {
    isCorked = false;
    stream.uncork();
  };
  call.sendMessage = (message, left) => {
    if (!isCorked) {
      isCorked = true;
      stream.cork();
      // Comes after all promises of this turn, which give what else there is.
      nextTick(uncork);
    }
    let isTold = false;
    const tell = (): void => {
      if (isTold) return;
      isTold = true;
      left();
    };
    send(message, tell);
    // What could not be sent ends the call: nothing may follow its status.
    const isOpen = !stream.writableEnded && !stream.destroyed;
    if (isOpen && stream.writableLength <= mostBytes) tell();
  };
  return sameCall(call);
};
