/**
 * grpc-js 1.14.7 takes `session.ping` for a sign of life: what it cannot send, it takes for a dead peer. Node
 * (24.21) sends none for a session that was closed, which is one that has said GOAWAY and whose streams go on. So
 * the first keepalive after a drain or an age began ended running calls, with "Connection dropped". Here such a
 * ping is answered at once; how long such streams may go on is bounded by the grace of both.
 * Tested in test/grpc/connections.test.ts and test/grpc/drain.test.ts.
 */
import type { Http2Server, ServerHttp2Session } from "node:http2";

type Answer = (error: Error | null, durationMs: number, payload: Buffer<ArrayBuffer>) => void;

/** Call it once, before a connection can be made. */
export function answerPingsAfterGoaway(server: Http2Server): void {
  server.on("session", (session) => {
    const ping: ServerHttp2Session["ping"] = session.ping.bind(session);
    session.ping = (payload: NodeJS.ArrayBufferView | Answer, answer?: Answer): boolean => {
      const answered = typeof payload === "function" ? payload : answer;
      if (answered === undefined) return false;
      if (session.closed && !session.destroyed) {
        // Later, as an answer comes: grpc-js begins to wait for it when this has returned.
        setImmediate(answered, null, 0, Buffer.alloc(0));
        return true;
      }
      return typeof payload === "function" ? ping(answered) : ping(payload, answered);
    };
  });
}
