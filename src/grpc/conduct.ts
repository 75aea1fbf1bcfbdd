/** How one connection behaves: what it may still do, and its end where it has done too much. */
import { constants, type Http2Session, type ServerHttp2Stream } from "node:http2";
import { Allowance } from "../base/allowance.ts";
import type { Clock } from "../base/clock.ts";
import { ServeError } from "../base/errors.ts";
import type { TurnedAway } from "./turned-away.ts";

export interface ConductOptions {
  /** Calls that one connection may begin in a second, and at once. */
  readonly callsPerSecond: number;
  /** Resets and refusals of one connection: at once, and each second. */
  readonly resetBurst: number;
  readonly resetsPerSecond: number;
  readonly turnedAway: Pick<TurnedAway, "connection">;
  readonly clock: Pick<Clock, "now">;
}

export class Conduct {
  readonly #session: Http2Session;
  readonly #options: ConductOptions;
  readonly #calls: Allowance;
  readonly #patience: Allowance;

  constructor(session: Http2Session, options: ConductOptions) {
    const { callsPerSecond, resetBurst, resetsPerSecond } = options;
    this.#session = session;
    this.#options = options;
    this.#calls = new Allowance({ burst: callsPerSecond, perSecond: callsPerSecond });
    this.#patience = new Allowance({ burst: resetBurst, perSecond: resetsPerSecond });
  }

  /** Why this call may not begin now. */
  admit(): ServeError | undefined {
    const waitMs = this.#calls.take(this.#options.clock.now());
    if (waitMs === 0) return undefined;
    return new ServeError(
      "TOO_MANY_CALLS",
      "this connection begins too many calls; wait a little",
      {
        facts: { calls_per_second: String(this.#options.callsPerSecond) },
        retryAfterMs: waitMs,
      },
    );
  }

  /** Notes a stream's end by reset: by any code, since one of NO_ERROR before the answer's end spares no work. */
  watch(stream: ServerHttp2Stream): void {
    stream.once("close", () => {
      if (stream.aborted || stream.rstCode !== constants.NGHTTP2_NO_ERROR) this.annoy();
    });
  }

  /** Notes a refusal or a reset, and closes the connection at the first too many. */
  annoy(): void {
    const session = this.#session;
    if (session.destroyed || this.#patience.take(this.#options.clock.now()) === 0) return;
    this.#options.turnedAway.connection("TOO_MANY_RESETS", session.socket.remoteAddress);
    // Of two GOAWAYs the first is heard; `destroy` alone says that nothing is wrong.
    session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    session.destroy();
  }
}
