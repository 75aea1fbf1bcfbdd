import { JobClock } from "../job-clock.ts";
import type { JobContext, JobEvent } from "../jobs.ts";
import type { Line } from "./batching.ts";

/** One job of items, from the moment it was added. */
export class TextsJob implements Line {
  readonly id: number;
  readonly context: JobContext;
  readonly items: readonly (readonly string[])[];
  readonly #clock: JobClock;
  next = 0;
  isPaused = false;
  /** It was cancelled, or has had its last event. */
  isGone = false;
  #hasStarted = false;
  #left: number;
  #tokens = 0;
  #batches = 0;
  #batchTexts = 0;

  constructor(id: number, items: Line["items"], parts: { context: JobContext; now: () => number }) {
    this.id = id;
    this.context = parts.context;
    this.items = items;
    this.#left = items.length;
    this.#clock = new JobClock(parts);
  }

  /** Whether all its texts are computed. */
  get isDone(): boolean {
    return this.#left === 0;
  }

  /** The event of its first batch; none for later ones. */
  begin(): readonly JobEvent[] {
    if (this.#hasStarted) return [];
    this.#hasStarted = true;
    this.#clock.start();
    return [{ kind: "started" }];
  }

  /** One of its texts was computed. */
  computed(tokens: number): void {
    this.#left -= 1;
    this.#tokens += tokens;
  }

  /** Some of its texts were computed in a batch of so many. */
  leftBatch(size: number): void {
    this.#batches += 1;
    this.#batchTexts += size;
  }

  finish(): JobEvent {
    const usage = { promptTokens: this.#tokens, cachedPromptTokens: 0, completionTokens: 0 };
    const meanBatchSize = this.#batchTexts / Math.max(1, this.#batches);
    return this.#clock.finish({ reason: "stop", stopSequence: "", usage, meanBatchSize });
  }
}
