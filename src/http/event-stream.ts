/**
 * Server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html. The status is sent with the first
 * event. So a call that fails before is told so by its status.
 */
import type { ServerResponse } from "node:http";
import type { Sink } from "../calls/stream-writer.ts";

/** A caller that waits longer gets its status, and comments, so that no proxy between gives up. */
const silentMs = 15_000;

export class EventStream implements Sink<readonly string[]> {
  readonly #response: ServerResponse;
  readonly #timer: NodeJS.Timeout;

  constructor(response: ServerResponse) {
    this.#response = response;
    this.#timer = setInterval(() => this.#keepAlive(), silentMs).unref();
    response.once("close", () => clearInterval(this.#timer));
  }

  get hasBegun(): boolean {
    return this.#response.headersSent;
  }

  /** Writes events whose data these are. Calls back once they have gone. */
  write(events: readonly string[], gone: () => void): boolean {
    if (events.length === 0) {
      gone();
      return true;
    }
    this.#begin();
    this.#timer.refresh();
    return this.#response.write(events.map((data) => `data: ${data}\n\n`).join(""), gone);
  }

  on(event: "drain" | "close", listener: () => void): unknown {
    return this.#response.on(event, listener);
  }

  off(event: "drain" | "close", listener: () => void): unknown {
    return this.#response.off(event, listener);
  }

  /** The last events, if there are any. */
  end(events: readonly string[]): void {
    clearInterval(this.#timer);
    this.write(events, () => undefined);
    this.#begin();
    this.#response.end();
  }

  #begin(): void {
    if (this.#response.headersSent) return;
    this.#response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache",
      // nginx would keep events until it has a buffer full.
      "x-accel-buffering": "no",
    });
  }

  #keepAlive(): void {
    this.#begin();
    // A caller that reads nothing gets no more to read.
    if (!this.#response.writableNeedDrain) this.#response.write(": keep-alive\n\n");
  }
}
