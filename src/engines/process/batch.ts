import type { Call } from "./calls.ts";
import { ownError, programError, type ProgramError } from "./errors.ts";
import type { Frame } from "./frames.ts";
import type { TextsJob } from "./texts-job.ts";
import { resultsIn, type TextResult } from "./results.ts";
import { answerTypes, type TextTask } from "./text-task.ts";

/** An item of a batch: whose it is, and its place there. */
export interface Place {
  readonly job: TextsJob;
  readonly index: number;
}

export interface BatchHost {
  readonly task: TextTask;
  /** What became of its items, in order. */
  computed(batch: Batch, results: readonly TextResult[], logged: readonly string[]): void;
  /** It gave nothing. */
  failed(batch: Batch, error: ProgramError): void;
}

/** Items that a program computes together. */
export class Batch implements Call {
  readonly isDue = true;
  readonly places: readonly Place[];
  readonly #host: BatchHost;

  constructor(places: readonly Place[], host: BatchHost) {
    this.places = places;
    this.#host = host;
  }

  get task(): TextTask["task"] {
    return this.#host.task.task;
  }

  /** Each once, in the order of its first item. */
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
      case "scores":
        this.#take(frame);
        return;
      case "error":
        this.#host.failed(this, programError(frame.head["error"]));
        return;
      case "done":
      case "cancelled":
        this.#host.failed(
          this,
          ownError(`the program ended a batch without its ${answerTypes[this.task]}`),
        );
    }
  }

  #take(frame: Frame): void {
    const { numbers } = this.#host.task;
    const count = this.places.length;
    const type = answerTypes[this.task];
    const { head, body } = frame;
    if (head.type !== type) {
      const said = `the program answered with ${head.type} where ${type} are due`;
      this.#host.failed(this, ownError(said));
      return;
    }
    const given = resultsIn(frame, count, this.#host.task);
    if (given !== undefined) {
      this.#host.computed(this, given.results, given.logged);
      return;
    }
    const wanted = `${count} ${type} of ${numbers} numbers are ${count * numbers * 4}`;
    this.#host.failed(this, ownError(`the program sent ${body.length} bytes, but ${wanted}`));
  }
}
