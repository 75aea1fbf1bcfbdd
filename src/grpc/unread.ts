import { constants, type Http2Server, type ServerHttp2Stream } from "node:http2";

/** What is used of a stream. */
type Response = Pick<ServerHttp2Stream, "writableEnded" | "close">;

/**
 * Throws away what ended calls have left behind. A status waits behind the responses before it, and a
 * stream is open until its caller has ended it too; so without this, a silent caller keeps both for as
 * long as it stays connected.
 */
export class Unread {
  readonly #open = new Set<Response>();
  #before = new Set<Response>();

  add(stream: ServerHttp2Stream): void {
    this.#open.add(stream);
    stream.once("close", () => this.#open.delete(stream));
  }

  /** Closes the streams whose call had ended at the last sweep already, and that are still there. */
  sweep(): void {
    const now = new Set<Response>();
    for (const stream of this.#open) {
      if (!stream.writableEnded) continue;
      if (this.#before.has(stream)) stream.close(constants.NGHTTP2_CANCEL);
      else now.add(stream);
    }
    this.#before = now;
  }
}

/** Sweeps a server's streams as long as it listens. */
export function sweepUnread(server: Http2Server, everyMs: number): Unread {
  const unread = new Unread();
  const timer = setInterval(() => unread.sweep(), everyMs);
  timer.unref();
  server.once("close", () => clearInterval(timer));
  return unread;
}
