/** How one connection behaves: what it may still do, and its end where it has done too much. */
import { constants, type Http2Session, type ServerHttp2Stream } from "node:http2";
import { RateLimiter } from "../base/rate-limiter.ts";
import type { Clock } from "../base/clock.ts";
import { ServeError } from "../base/errors.ts";
import type { ConnectionReason } from "../base/meter.ts";
import { headerListBytes } from "./header-list-size.ts";
import type { RejectionLog } from "./rejection-log.ts";

export interface PenaltyOptions {
  /** Calls that one connection may begin in a second, and at once. */
  readonly callsPerSecond: number;
  /** Resets and refusals of one connection: at once, and each second. */
  readonly resetBurst: number;
  readonly resetsPerSecond: number;
  /** Of a call, and of its trailers, as {@link headerListBytes} counts. */
  readonly maxHeaderBytes: number;
  readonly rejections: Pick<RejectionLog, "connection">;
  readonly clock: Pick<Clock, "now">;
}

export class ConnectionPenalties {
  readonly #session: Http2Session;
  readonly #options: PenaltyOptions;
  readonly #calls: RateLimiter;
  readonly #resets: RateLimiter;

  constructor(session: Http2Session, options: PenaltyOptions) {
    const { callsPerSecond, resetBurst, resetsPerSecond } = options;
    this.#session = session;
    this.#options = options;
    this.#calls = new RateLimiter({ burst: callsPerSecond, perSecond: callsPerSecond });
    this.#resets = new RateLimiter({ burst: resetBurst, perSecond: resetsPerSecond });
  }

  /** Why this call may not begin now. */
  admit(): ServeError | undefined {
    const waitMs = this.#calls.take(this.#options.clock.now());
    if (waitMs === 0) return undefined;
    return new ServeError(
      "TOO_MANY_CALLS",
      "this connection begins too many calls; wait a little",
      {
        facts: { callsPerSecond: String(this.#options.callsPerSecond) },
        retryAfterMs: waitMs,
      },
    );
  }

  /**
   * Whether a stream's headers, or its trailers, are within their bound; what is past it is gone when this returns.
   * Node resets such a stream, but only once the client has acknowledged SETTINGS. Who never does gets a small
   * block decoded into 57 times a table's 4 KiB, so its connection ends at the first of them.
   */
  hold(stream: ServerHttp2Stream, rawHeaders: readonly string[]): boolean {
    if (headerListBytes(rawHeaders) <= this.#options.maxHeaderBytes) return true;
    if (this.#session.pendingSettingsAck) this.#close("HEADERS_TOO_LARGE");
    else stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    return false;
  }

  /** Notes a stream's end by reset: by any code, since one of NO_ERROR before the answer's end spares no work. */
  watch(stream: ServerHttp2Stream): void {
    stream.once("close", () => {
      if (stream.aborted || stream.rstCode !== constants.NGHTTP2_NO_ERROR) this.penalize();
    });
    stream.once("trailers", (_headers, _flags, rawHeaders) => this.hold(stream, rawHeaders));
  }

  /** Notes a refusal or a reset, and closes the connection at the first too many. */
  penalize(): void {
    if (this.#resets.take(this.#options.clock.now()) === 0) return;
    this.#close("TOO_MANY_RESETS");
  }

  #close(reason: ConnectionReason): void {
    const session = this.#session;
    // Events of its streams still come in the turn in which it was closed, and it has no socket then.
    if (session.destroyed) return;
    this.#options.rejections.connection(reason, session.socket.remoteAddress);
    // Of two GOAWAYs the first is heard; `destroy` alone says that nothing is wrong.
    session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    session.destroy();
  }
}
