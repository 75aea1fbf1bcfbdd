/**
 * Tokenizes texts while batches are computed. A round of texts is short unless one of them is endless. So a step waits
 * briefly for it, and a longer round continues during the following steps.
 */
import type { Clock } from "../../base/clock.ts";
import type { TakenText, TextJob } from "./text-job.ts";
import type { TokenizedText, Tokens } from "./unread.ts";

/** How long a step may wait for its texts. */
const readMs = 10;

/** Maximum characters of the texts of a round, unless there is only one text. */
const roundCharacters = 4096;

interface Round {
  readonly texts: readonly TakenText[];
  readonly read: Promise<readonly TokenizedText[]>;
}

export interface ReadOptions {
  /** A job with this many waiting tokens has no more texts tokenized. */
  readonly maxTokens: number;
  /** The turn of a new job. */
  readonly turn: number;
}

/** Owns the running round. */
export class Reader {
  readonly #tokens: Tokens;
  readonly #clock: Clock;
  #round: Round | undefined;
  /** Advances with each round, so that no job is always the last. */
  #firstJob = 0;

  constructor(tokens: Tokens, clock: Clock) {
    this.#tokens = tokens;
    this.#clock = clock;
  }

  /** Gives the jobs their texts, round after round, until enough wait or the time is up. */
  async read(jobs: readonly TextJob[], options: ReadOptions): Promise<void> {
    const startedAt = this.#clock.now();
    for (;;) {
      const leftMs = readMs - (this.#clock.now() - startedAt);
      if (leftMs <= 0) return;
      this.#round ??= this.#begin(jobs, options.maxTokens);
      if (this.#round === undefined) return;
      const texts = await this.#within(this.#round.read, leftMs);
      if (texts === undefined) return;
      for (const [place, taken] of this.#round.texts.entries()) {
        const text = texts[place];
        if (text === undefined) throw new Error("bug: a text was not read");
        taken.job.arrive(taken, text, options.turn);
      }
      this.#round = undefined;
    }
  }

  /** Takes texts round-robin, one per job. */
  #begin(jobs: readonly TextJob[], maxTokens: number): Round | undefined {
    const first = this.#firstJob++ % Math.max(1, jobs.length);
    let readers = [...jobs.slice(first), ...jobs.slice(0, first)];
    const texts: TakenText[] = [];
    let characters = 0;
    while (readers.length > 0) {
      readers = readers.filter((job) => job.wantsText(maxTokens));
      for (const job of readers) {
        characters += job.nextCharacters;
        const isFull = texts.length > 0 && characters > roundCharacters;
        if (isFull) return this.#roundOf(texts);
        texts.push(job.takeText());
      }
    }
    return texts.length === 0 ? undefined : this.#roundOf(texts);
  }

  #roundOf(texts: readonly TakenText[]): Round {
    return { texts, read: this.#tokens.read(texts) };
  }

  /** Undefined if it takes longer. */
  #within<T>(work: Promise<T>, waitMs: number): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const callOff = this.#clock.after(waitMs, () => resolve(undefined));
      work.then(resolve, reject).finally(callOff);
    });
  }
}
