import { constants, type Http2Server } from "node:http2";

/** What is used of a stream. */
interface Response {
  readonly writableEnded: boolean;
  readonly writableLength: number;
  write(chunk: unknown, done?: (error?: Error | null) => void): boolean;
  close(code: number): void;
  once(event: "close", listener: () => void): unknown;
}

interface Watched {
  /** Counts what was written and what has gone. */
  moves: number;
  movesBefore: number;
  /** Sweeps that have found it as it was, with something for its caller to do. */
  stillFor: number;
}

/** As many, so that a call that was just ended for it has time to bring its status to its caller. */
const mostStill = 2;

/**
 * Throws away streams on which only the caller could move something, and does not. A status waits
 * behind the responses before it, and a stream is open until its caller has ended it too; so without
 * this, a silent caller keeps both for as long as it stays connected.
 */
export class StalledStreams {
  readonly #open = new Map<Response, Watched>();

  add(stream: Response): void {
    const watched = { moves: 0, movesBefore: 0, stillFor: 0 };
    const write = stream.write.bind(stream);
    stream.write = (chunk, done) => {
      watched.moves += 1;
      return write(chunk, (error) => {
        watched.moves += 1;
        done?.(error);
      });
    };
    this.#open.set(stream, watched);
    stream.once("close", () => this.#open.delete(stream));
  }

  /** Closes the streams that have stood still through the sweeps before. */
  sweep(): void {
    for (const [stream, watched] of this.#open) {
      const isCallersTurn = stream.writableEnded || stream.writableLength > 0;
      const stands = isCallersTurn && watched.moves === watched.movesBefore;
      watched.stillFor = stands ? watched.stillFor + 1 : 0;
      watched.movesBefore = watched.moves;
      if (watched.stillFor < mostStill) continue;
      this.#open.delete(stream);
      stream.close(constants.NGHTTP2_CANCEL);
    }
  }
}

/** Sweeps a server's streams as long as it listens. */
export function sweepStalledStreams(server: Http2Server, everyMs: number): StalledStreams {
  const unread = new StalledStreams();
  const timer = setInterval(() => unread.sweep(), everyMs);
  timer.unref();
  server.once("close", () => clearInterval(timer));
  return unread;
}
