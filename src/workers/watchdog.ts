/**
 * Finds a worker that hangs: native code that never returns leaves a process that looks alive, keeps
 * its jobs and takes more. A worker answers between steps, so silence means that a step does not end.
 */
import type { Clock } from "../base/clock.ts";

export interface WatchdogOptions {
  readonly clock: Clock;
  /** The silence that is too long. */
  readonly silenceMs: number;
  /** Asks the worker for a sign of life. */
  readonly ask: () => void;
  /** There was none for too long. Called once. */
  readonly lost: () => void;
}

/**
 * The silence is counted in many small waits, so that a server that was itself stopped for a while blames
 * nobody: after it, the worker has all but one of them left to be heard.
 */
const waits = 20;

/** Asks now and then, from when it is made until it is stopped. */
export class Watchdog {
  readonly #options: WatchdogOptions;
  #silences = 0;
  #callOff: () => void = () => undefined;

  constructor(options: WatchdogOptions) {
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
    const { clock, silenceMs, ask, lost } = this.#options;
    this.#callOff = clock.after(silenceMs / waits, () => {
      if (this.#silences === waits) {
        lost();
        return;
      }
      this.#silences += 1;
      ask();
      this.#wait();
    });
  }
}
