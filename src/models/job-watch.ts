import type { ModelMeter } from "../base/meter.ts";
import type { JobResult } from "../engines/engine.ts";
import type { WorkerEvent } from "../workers/messages.ts";

export interface JobWatchOptions {
  readonly meter: ModelMeter;
  readonly kind: "generate" | "embed";
  /** When its call arrived, by the same clock as `now`. */
  readonly arrivedAt: number;
  readonly now: () => number;
}

/** Reports one job's way by the events that it gives. */
export class JobWatch {
  readonly #options: JobWatchOptions;
  #lastPieceAt: number | undefined;

  constructor(options: JobWatchOptions) {
    this.#options = options;
  }

  saw(event: WorkerEvent): void {
    const { meter, arrivedAt, now } = this.#options;
    switch (event.kind) {
      case "started":
        meter.started(now() - arrivedAt);
        return;
      case "piece":
        this.#sawPiece();
        return;
      case "finish":
        meter.finished(this.#finished(event));
        return;
      case "vectors":
      case "failed":
    }
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
