/**
 * grpc-js 1.14.7 unpacks all compressed requests that come, at once, and keeps each until its caller ends the
 * call. A thousandth of a message's bytes is enough to send it: 4 MB in 500 calls took 4 GB. So few are unpacked at
 * a time, and what they have grown by counts as arrived. A missing private field fails every call.
 * Tested in test/grpc/upload-limits.test.ts.
 */
import type { ServerHttp2Stream } from "node:http2";
import { type ServerInterceptor, status } from "@grpc/grpc-js";
import { internalsOf, sameCall, streamOf } from "./inner-call.ts";
import { RoundRobin } from "../../base/round-robin.ts";

type Unpack = (message: Buffer, encoding: string) => Buffer | Promise<Buffer>;

interface Internals {
  decompressMessage: Unpack;
}

/** Of a call whose message has a flag that does not fit its headers; `library-status.ts` gives it its reason. */
export const wrongFlag = "wrong Compressed-Flag";

/** As many as Node has threads for it: more would not be faster. */
const atOnce = 4;

/** `grew` hears how many bytes more than those that arrived a request has become. */
export function unpackInTurn(
  grew: (stream: ServerHttp2Stream, bytes: number) => void,
): ServerInterceptor {
  const turns = new RoundRobin<object>(atOnce);
  return (_, call) => {
    const inner = internalsOf<Internals>(call);
    const stream = streamOf(call);
    const { decompressMessage } = inner;
    if (decompressMessage === undefined) {
      throw new Error(
        "bug: this grpc-js unpacks elsewhere; see src/grpc/workarounds/decompression.ts",
      );
    }
    const unpack = decompressMessage.bind(call);
    inner.decompressMessage = (message, encoding) => {
      // grpc-js takes any flag but 1 for "not compressed", and 1 without an encoding for that too.
      const isPlain = message[0] === 0;
      if (!isPlain && (message[0] !== 1 || encoding === "identity"))
        throw statusError(status.INTERNAL, wrongFlag);
      if (isPlain) return unpack(message, encoding);
      // Connections take turns: one that sends a thousand delays another's by one.
      return turns.take(stream.session ?? stream, async () => {
        // Its caller went while it waited, so this is not read.
        if (stream.closed || stream.destroyed) return Buffer.alloc(0);
        const unpacked = await unpack(message, encoding);
        grew(stream, unpacked.length - message.length);
        return unpacked;
      });
    };
    return sameCall(call);
  };
}

/** grpc-js sends what is thrown as a status. */
function statusError(code: status, details: string): Error {
  return Object.assign(new Error(details), { code, details });
}
