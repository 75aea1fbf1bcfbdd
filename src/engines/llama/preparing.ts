import { ServeError } from "../../base/errors.ts";
import type { Matcher } from "../constraint/matcher.ts";

/** How long a step waits where there is nothing to compute: the driver waits for a promise and hears nothing else. */
const longestWaitMs = 50;

/** Makes a job's sequence. */
type Begin = (matcher: Matcher, paused: boolean) => void;

/** Where a job's matcher comes from. */
export interface MatcherSource {
  /** The field of the request that asks for it. */
  readonly field: string;
  /** Undefined where it must be prepared first. Throws what refuses it. */
  matcher(): Matcher | undefined;
  /** Rejects with what refuses it. */
  prepare(): Promise<void>;
}

interface WaitingJob {
  readonly source: MatcherSource;
  readonly begin: Begin;
  paused: boolean;
  /** What came of it, once something did. */
  outcome?: { readonly error?: ServeError };
}

/** A job whose constraint is refused. */
export interface Refused {
  readonly id: number;
  readonly thrown: unknown;
}

/** Owns the jobs whose constraints are being compiled. Most have none to wait for: their calls asked for it before. */
export class Preparing {
  readonly #jobs = new Map<number, WaitingJob>();
  #wake: () => void = () => undefined;

  get busy(): boolean {
    return [...this.#jobs.values()].some(({ paused }) => !paused);
  }

  /** Begins a job now if its constraint is known, and otherwise in a step after it was compiled. Throws what refuses it. */
  add(id: number, source: MatcherSource, begin: Begin): void {
    const matcher = source.matcher();
    if (matcher !== undefined) {
      begin(matcher, false);
      return;
    }
    const job: WaitingJob = { source, begin, paused: false };
    this.#jobs.set(id, job);
    this.#prepare(job);
  }

  remove(id: number): void {
    this.#jobs.delete(id);
  }

  setPaused(id: number, paused: boolean): void {
    const job = this.#jobs.get(id);
    if (job !== undefined) job.paused = paused;
  }

  /** Begins the jobs whose constraints are compiled by now, and returns those that are refused. */
  begin(): readonly Refused[] {
    const refused: Refused[] = [];
    for (const [id, job] of this.#jobs) {
      if (job.outcome === undefined) continue;
      try {
        if (job.outcome.error !== undefined) throw job.outcome.error;
        const matcher = job.source.matcher();
        if (matcher === undefined) {
          // Others have taken its place since.
          this.#prepare(job);
          continue;
        }
        job.begin(matcher, job.paused);
      } catch (thrown) {
        refused.push({ id, thrown });
      }
      this.#jobs.delete(id);
    }
    return refused;
  }

  /** Resolves when a job may begin, when `wake` is called, or soon. */
  async changed(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#wake = () => resolve(undefined);
    const timer = setTimeout(this.#wake, longestWaitMs);
    await promise;
    clearTimeout(timer);
  }

  wake(): void {
    this.#wake();
  }

  #prepare(job: WaitingJob): void {
    delete job.outcome;
    const end = (outcome: WaitingJob["outcome"] = {}): void => {
      job.outcome = outcome;
      this.#wake();
    };
    job.source.prepare().then(
      () => end(),
      (thrown: unknown) => end({ error: ServeError.from(thrown) }),
    );
  }
}
