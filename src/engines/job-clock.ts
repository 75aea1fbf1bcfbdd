import type { EngineHost } from "./engine.ts";
import type { JobEvent, JobResult, JobTimings } from "./jobs.ts";

/** How a job ended, but for its times. */
export interface JobEnd extends Omit<JobResult, "timings"> {
  readonly meanBatchSize: number;
}

/** Records when the parts of a job happened. */
export class JobClock {
  readonly #host: Pick<EngineHost, "now">;
  readonly #addedAt: number;
  #startedAt: number;
  #firstAt: number | undefined;

  constructor(host: Pick<EngineHost, "now">) {
    this.#host = host;
    this.#addedAt = host.now();
    this.#startedAt = this.#addedAt;
  }

  /** The job is computed from now on: until then it waited. */
  start(): void {
    this.#startedAt = this.#host.now();
  }

  /** Something of its text is there. */
  first(): void {
    this.#firstAt ??= this.#host.now();
  }

  finish({ meanBatchSize, ...result }: JobEnd): JobEvent {
    return { kind: "finish", ...result, timings: { ...this.#times(), meanBatchSize } };
  }

  #times(): Omit<JobTimings, "meanBatchSize"> {
    const now = this.#host.now();
    const firstAt = this.#firstAt;
    return {
      queueMs: this.#startedAt - this.#addedAt,
      prefillMs: (firstAt ?? now) - this.#startedAt,
      firstTokenMs: firstAt === undefined ? 0 : firstAt - this.#addedAt,
      decodeMs: firstAt === undefined ? 0 : now - firstAt,
      totalMs: now - this.#addedAt,
    };
  }
}
