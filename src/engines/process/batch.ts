import type { Call } from "./calls.ts";
import { ownError, programError, type ProgramError } from "./errors.ts";
import type { Frame } from "./frames.ts";
import type { TextsJob } from "./texts-job.ts";
import { type TextResult, vectorsIn } from "./vectors.ts";

/** A text of a batch: whose it is, and its place there. */
export interface Place {
  readonly job: TextsJob;
  readonly index: number;
}

export interface BatchHost {
  readonly dimensions: number;
  /** What became of its texts, in order. */
  computed(batch: Batch, results: readonly TextResult[], logged: readonly string[]): void;
  /** It gave nothing. */
  failed(batch: Batch, error: ProgramError): void;
}

/** Texts that a program computes together. */
export class Batch implements Call {
  readonly task = "embed";
  readonly isDue = true;
  readonly places: readonly Place[];
  readonly #host: BatchHost;

  constructor(places: readonly Place[], host: BatchHost) {
    this.places = places;
    this.#host = host;
  }

  /** Each once, in the order of its first text. */
  get jobs(): readonly TextsJob[] {
    return [...new Set(this.places.map(({ job }) => job))];
  }

  /** Whether one of its jobs still waits for it. */
  get isWanted(): boolean {
    return this.places.some(({ job }) => !job.isGone);
  }

  receive(frame: Frame): void {
    switch (frame.head.type) {
      case "vectors":
        this.#take(frame);
        return;
      case "error":
        this.#host.failed(this, programError(frame.head["error"]));
        return;
      case "done":
      case "cancelled":
        this.#host.failed(this, ownError("the program ended a batch without its vectors"));
    }
  }

  #take(frame: Frame): void {
    const { dimensions } = this.#host;
    const texts = this.places.length;
    const vectors = vectorsIn(frame, { texts, dimensions });
    if (vectors !== undefined) {
      this.#host.computed(this, vectors.results, vectors.logged);
      return;
    }
    const { length } = frame.body;
    const wanted = `${texts} vectors of ${dimensions} numbers are ${texts * dimensions * 4}`;
    this.#host.failed(this, ownError(`the program sent ${length} bytes, but ${wanted}`));
  }
}
