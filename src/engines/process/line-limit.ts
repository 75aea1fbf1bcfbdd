/** How many lines of a program reach the log: each crosses to the server, which serves others. */
import type { Clock } from "../../base/clock.ts";
import { fill, take, type TokenBucket } from "../../base/token-bucket.ts";
import type { EngineHost } from "../engine.ts";

/** A second's lines, after a burst of four times as many. */
const size = { limit: 200, periodMs: 4_000 };
const tellMs = 1_000;

export interface LineLimitOptions {
  /** What the lines are: `printed`. */
  readonly what: string;
  readonly clock: Clock;
  readonly host: Pick<EngineHost, "log">;
}

/** Lets lines through, so many a second; counts the others and says how many they were. */
export class LineLimit {
  readonly #options: LineLimitOptions;
  #bucket: TokenBucket | undefined;
  #leftOut = 0;

  constructor(options: LineLimitOptions) {
    this.#options = options;
  }

  log(...line: Parameters<EngineHost["log"]>): void {
    const { clock, host } = this.#options;
    this.#bucket = fill(this.#bucket, size, clock.now());
    if (this.#bucket !== undefined && this.#bucket.level >= 1) {
      this.#bucket = take(this.#bucket, 1);
      host.log(...line);
      return;
    }
    this.#leftOut += 1;
    if (this.#leftOut === 1) clock.after(tellMs, () => this.tell());
  }

  /** Says how many were left out since it was last said; nothing where none were. */
  tell(): void {
    if (this.#leftOut === 0) return;
    const count = this.#leftOut.toLocaleString("en");
    const are = this.#leftOut === 1 ? "line was" : "lines were";
    this.#leftOut = 0;
    this.#options.host.log("info", `${count} ${this.#options.what} ${are} left out`);
  }
}
