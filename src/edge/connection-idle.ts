/** Asks connections to end that have been without a call for too long. grpc-js would end them under a call on its way. */
import type { Http2Server } from "node:http2";
import type { Clock } from "../base/clock.ts";
import type { GoawaySessions } from "./goaway.ts";

export interface IdleLimits {
  /** Since the last of its calls ended, or since it was made. Zero keeps it. */
  readonly idleMs: number;
  readonly clock: Pick<Clock, "after">;
  readonly sessions: Pick<GoawaySessions, "sendGoaway">;
}

/** Call it once, before a connection can be made. */
export function limitIdleness(server: Http2Server, { idleMs, clock, sessions }: IdleLimits): void {
  if (idleMs === 0) return;
  server.on("session", (session) => {
    // grpc-go says the same word.
    const leave = (): void => void sessions.sendGoaway(session, "max_idle");
    let stopWaiting = clock.after(idleMs, leave);
    let openStreams = 0;
    session.on("stream", (stream) => {
      openStreams += 1;
      stopWaiting();
      stream.once("close", () => {
        openStreams -= 1;
        if (openStreams > 0 || session.closed) return;
        stopWaiting = clock.after(idleMs, leave);
      });
    });
    session.once("close", () => stopWaiting());
  });
}
