import type { JobClock } from "./job-clock.ts";
import type { CompletionJob, JobEvent, JobResult } from "./jobs.ts";
import { StopFilter } from "./stops.ts";

/** What a function tells of its answer; what it leaves out is counted here. */
export interface ReportedEnd {
  readonly reason?: "stop" | "length";
  readonly promptTokens?: number;
  readonly completionTokens?: number;
}

/** A completion whose text comes in pieces: stop sequences end it, and so does `maxTokens`, which counts the pieces. */
export class Completion {
  readonly #clock: JobClock;
  readonly #filter: StopFilter;
  readonly #most: number;
  #pieces = 0;
  #hasEnded = false;

  constructor(job: Pick<CompletionJob, "stop" | "sampling">, clock: JobClock) {
    this.#clock = clock;
    this.#filter = new StopFilter(job.stop);
    this.#most = job.sampling.maxTokens;
  }

  /** Its last event was given: no more pieces are wanted. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** What a piece gives: the completion may end with it. */
  push(piece: string): readonly JobEvent[] {
    this.#clock.first();
    this.#pieces += 1;
    const { text, stop } = this.#filter.push(piece);
    const events: JobEvent[] = text === "" ? [] : [{ kind: "piece", text }];
    if (stop !== undefined) events.push(this.#finish("stop_sequence", stop));
    else if (this.#pieces >= this.#most) events.push(...this.end());
    return events;
  }

  /** The function has ended. */
  end(reported: ReportedEnd = {}): readonly JobEvent[] {
    const held = this.#filter.flush();
    const { reason = this.#pieces >= this.#most ? "length" : "stop" } = reported;
    const finish = this.#finish(reason, "", reported);
    return held === "" ? [finish] : [{ kind: "piece", text: held }, finish];
  }

  #finish(
    reason: JobResult["reason"],
    stopSequence: string,
    { promptTokens = 0, completionTokens = this.#pieces }: ReportedEnd = {},
  ): JobEvent {
    this.#hasEnded = true;
    const usage = { promptTokens, cachedPromptTokens: 0, completionTokens };
    return this.#clock.finish({ reason, stopSequence, usage, meanBatchSize: 1 });
  }
}
