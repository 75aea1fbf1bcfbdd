/**
 * How long a connection may take to begin as HTTP/2: until it has acknowledged our SETTINGS, Node and nghttp2
 * hold it to none of them. One that connects and says nothing acknowledges nothing either.
 */
import { constants, type Http2Server } from "node:http2";
import type { Clock } from "../base/clock.ts";
import type { RejectionLog } from "./rejection-log.ts";

/** For a TLS handshake, and then for the acknowledgement of SETTINGS. */
export const settingsTimeoutMs = 10_000;

export interface SettingsTimeoutOptions {
  readonly rejections: Pick<RejectionLog, "connection">;
  readonly clock: Pick<Clock, "after">;
}

/** Closes connections whose acknowledgement is overdue. Call it once, before a connection can be made. */
export function limitSettingsTimeout(
  server: Http2Server,
  { rejections, clock }: SettingsTimeoutOptions,
): void {
  server.on("session", (session) => {
    const overdue = (): void => {
      if (session.destroyed || !session.pendingSettingsAck) return;
      rejections.connection("SETTINGS_TIMEOUT", session.socket.remoteAddress);
      session.goaway(constants.NGHTTP2_SETTINGS_TIMEOUT);
      session.destroy();
    };
    // After a stall of this process its timers come first: what has arrived by then is read before one is judged.
    const greeted = clock.after(settingsTimeoutMs, () => setImmediate(overdue));
    session.once("localSettings", greeted).once("close", greeted);
  });
}
