/**
 * Finds a worker that hangs: native code that never returns leaves a process that looks alive, keeps
 * its jobs and takes more. A worker answers between steps, so silence means that a step does not end.
 */
import type { Clock } from "../base/clock.ts";

export interface PulseOptions {
  readonly clock: Clock;
  /** Asks the worker for a sign of life. */
  readonly ask: () => void;
  /** There was none for too long. Called once. */
  readonly lost: () => void;
}

const askMs = 15_000;
/**
 * Five minutes. Far above any sound step, since the first steps of a large model may wait for a slow
 * disk; and in many small waits, so that a server that was itself stopped for a while blames nobody.
 */
const silencesAllowed = 20;

/** Asks now and then, from when it is made until it is stopped. */
export class Pulse {
  readonly #options: PulseOptions;
  #silences = 0;
  #callOff: () => void = () => undefined;

  constructor(options: PulseOptions) {
    this.#options = options;
    this.#wait();
  }

  /** The worker said something, whatever it was. */
  heard(): void {
    this.#silences = 0;
  }

  stop(): void {
    this.#callOff();
  }

  #wait(): void {
    this.#callOff = this.#options.clock.after(askMs, () => {
      if (this.#silences === silencesAllowed) {
        this.#options.lost();
        return;
      }
      this.#silences += 1;
      this.#options.ask();
      this.#wait();
    });
  }
}
