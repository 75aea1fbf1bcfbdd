import { ServeError } from "../base/errors.ts";
import type { CallContext } from "./call.ts";

/** What is used of a stream that is written to. */
export interface Sink<O> {
  /** Calls back once the response has gone to the caller, as far as the server can see. */
  write(response: O, gone: () => void): boolean;
  on(event: "drain" | "close", listener: () => void): unknown;
  off(event: "drain" | "close", listener: () => void): unknown;
}

/** Writes one stream's responses as fast as its caller reads, and ends the call where the caller does not. */
export class StreamWriter<O> {
  readonly #sink: Sink<O>;
  readonly #context: Pick<CallContext, "signal" | "abort">;
  readonly #stallMs: number;
  #stall: NodeJS.Timeout | undefined;
  readonly #gone = (): void => void this.#stall?.refresh();

  constructor(sink: Sink<O>, context: Pick<CallContext, "signal" | "abort">, stallMs: number) {
    this.#sink = sink;
    this.#context = context;
    this.#stallMs = stallMs;
  }

  /** Writes a response, and waits until there is room for more, or never will be. */
  async write(response: O): Promise<void> {
    if (this.#context.signal.aborted || this.#sink.write(response, this.#gone)) return;
    await this.#writable();
  }

  #writable(): Promise<void> {
    const { signal, abort } = this.#context;
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(this.#stall);
        this.#stall = undefined;
        this.#sink.off("drain", done);
        this.#sink.off("close", done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      // Only the wait for the caller counts, and each response that goes restarts it.
      this.#stall = setTimeout(() => abort(slowReader(this.#stallMs)), this.#stallMs);
      this.#sink.on("drain", done);
      this.#sink.on("close", done);
      signal.addEventListener("abort", done);
      if (signal.aborted) done();
    });
  }
}

function slowReader(stallMs: number): ServeError {
  return new ServeError("SLOW_READER", `the stream was not read for ${stallMs} ms`, {
    facts: { stallMs: String(stallMs) },
  });
}
