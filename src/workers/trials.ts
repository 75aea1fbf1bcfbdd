/**
 * Finds the job that makes a step throw which computes several. A job that has given something cannot be begun again,
 * and fails. The others are tried again, one at a time: one that is alone when a step throws is the cause, and fails
 * alone.
 */

export interface Tried {
  readonly id: number;
  /** Whether its caller was given anything. */
  readonly hasGiven: boolean;
}

/** A job that gives nothing in so many steps may have company again. */
const mostSteps = 16;

/** After so many steps in a row that threw and gave nothing, the engine is broken. */
const mostThrows = 16;

/** Owns the jobs that wait for their trial, and which one is on it. */
export class Trials<Job extends Tried> {
  #waiting: readonly Job[] = [];
  #onTrial: number | undefined;
  #steps = 0;
  #throws = 0;

  /** Whether a step that throws now is the engine's fault: too many have, in a row. */
  get isHopeless(): boolean {
    return this.#throws >= mostThrows;
  }

  /** Whether no other job may begin. */
  get isOpen(): boolean {
    return this.#waiting.length > 0 || this.#onTrial !== undefined;
  }

  /** A step has thrown that computed these jobs; the engine has forgotten them. Gives those that fail by it. */
  threw(jobs: readonly Job[]): readonly Job[] {
    this.#throws += 1;
    this.#onTrial = undefined;
    if (jobs.length === 1) return jobs;
    this.#waiting = [...this.#waiting, ...jobs.filter(({ hasGiven }) => !hasGiven)];
    return jobs.filter(({ hasGiven }) => hasGiven);
  }

  /** Begins the next trial where none is on: the job to be given to the engine. */
  next(): Job | undefined {
    if (this.#onTrial !== undefined) return undefined;
    const [first, ...rest] = this.#waiting;
    this.#waiting = rest;
    this.#onTrial = first?.id;
    this.#steps = 0;
    return first;
  }

  /** A step has ended, or none could be computed. */
  stepped(wasComputed: boolean): void {
    this.#steps += 1;
    if (!wasComputed || this.#steps >= mostSteps) this.#onTrial = undefined;
  }

  /** The job has given something: the engine still works. */
  gave(id: number): void {
    this.#throws = 0;
    this.passed(id);
  }

  /** The job has given something, or has ended. */
  passed(id: number): void {
    if (this.#onTrial === id) this.#onTrial = undefined;
  }

  /** Forgets a job. */
  cancel(id: number): void {
    this.#waiting = this.#waiting.filter((job) => job.id !== id);
    this.passed(id);
  }
}
