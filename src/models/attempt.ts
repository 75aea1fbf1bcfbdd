import type { WorkerEvent } from "../workers/messages.ts";
import type { Ending } from "../scheduling/queue.ts";
import { completionTokensOf } from "../workers/token-counts.ts";

/** What one job has taken and given since a worker has it; the queue learns from it. */
export class Attempt {
  readonly #startedAt: number;
  #firstOutputMs: number | undefined;
  #generatedTokens = 0;

  constructor(startedAt: number) {
    this.#startedAt = startedAt;
  }

  note(event: WorkerEvent, now: number): void {
    if (event.kind === "piece" || event.kind === "items") {
      this.#firstOutputMs ??= now - this.#startedAt;
    }
    // What pieces give counts where no result will come.
    this.#generatedTokens += completionTokensOf(event);
    if (event.kind === "finish") this.#generatedTokens = event.usage.completionTokens;
  }

  /** How it went, if its place is free from then on. */
  ending(endedAt: number): Pick<Ending, "heldMs" | "firstOutputMs" | "generatedTokens"> {
    return {
      heldMs: endedAt - this.#startedAt,
      firstOutputMs: this.#firstOutputMs,
      generatedTokens: this.#generatedTokens,
    };
  }
}
