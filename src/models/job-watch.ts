import type { Reason } from "../base/errors.ts";
import type { JobStage, ModelMeter } from "../base/meter.ts";
import type { Job, JobResult } from "../engines/engine.ts";
import type { WorkerEvent } from "../workers/messages.ts";
import { completionTokensOf, promptTokensOf } from "../workers/token-counts.ts";

export interface JobWatchOptions {
  readonly meter: ModelMeter;
  readonly kind: Job["kind"];
  /** When its call arrived, by the same clock as `now`. */
  readonly arrivedAt: number;
  readonly now: () => number;
}

/** Reports one job's way by the events that it gives. */
export class JobWatch {
  readonly #options: JobWatchOptions;
  #stage: JobStage = "admission";
  #lastPieceAt: number | undefined;
  #hasFinished = false;
  #promptTokens = 0;
  #completionTokens = 0;

  constructor(options: JobWatchOptions) {
    this.#options = options;
  }

  /** It is there from now on. */
  reached(stage: JobStage): void {
    this.#stage = stage;
  }

  saw(event: WorkerEvent): void {
    const { meter, arrivedAt, now } = this.#options;
    this.#promptTokens += promptTokensOf(event);
    this.#completionTokens += completionTokensOf(event);
    switch (event.kind) {
      case "started":
        meter.started(now() - arrivedAt);
        return;
      case "piece":
        this.#sawPiece();
        return;
      case "finish":
        this.#hasFinished = true;
        meter.finished(this.#finished(event));
        return;
      case "items":
      case "failed":
    }
  }

  /** Nothing comes any more, for this reason if it has not finished. */
  ended(reason: Reason): void {
    if (this.#hasFinished) return;
    const given = { promptTokens: this.#promptTokens, completionTokens: this.#completionTokens };
    this.#options.meter.dropped({ stage: this.#stage, reason, ...given });
  }

  #sawPiece(): void {
    const { meter, arrivedAt, now } = this.#options;
    const at = now();
    if (this.#lastPieceAt === undefined) meter.firstPiece(at - arrivedAt);
    else meter.nextPiece(at - this.#lastPieceAt);
    this.#lastPieceAt = at;
  }

  #finished({ usage, timings }: JobResult): Parameters<ModelMeter["finished"]>[0] {
    const { prefillMs, decodeMs } = timings;
    return { kind: this.#options.kind, ...usage, prefillMs, decodeMs };
  }
}
