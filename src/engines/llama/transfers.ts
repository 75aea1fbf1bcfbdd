import type { Cells, State } from "./cells.ts";

/** What copying a token's state to host memory and back took, in milliseconds; what is not known yet, by bytes. */
const firstGuess = { saveMsPerMiB: 0.6, restoreMsPerMiB: 0.15 };
const weight = 0.3;
/** A measurement counts for no more than this many times what was expected: the rest is noise. */
const outlier = 4;

export interface TransferOptions {
  readonly cells: Cells;
  /** Of one token's state, about. */
  readonly cellBytes: number;
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number;
}

/** Owns the way between the KV memory and host memory, and what is known of how long it is. */
export class Transfers {
  readonly #cells: Cells;
  readonly #now: () => number;
  #saveMs: number;
  #restoreMs: number;

  constructor({ cells, cellBytes, now }: TransferOptions) {
    this.#cells = cells;
    this.#now = now;
    this.#saveMs = (cellBytes / 2 ** 20) * firstGuess.saveMsPerMiB;
    this.#restoreMs = (cellBytes / 2 ** 20) * firstGuess.restoreMsPerMiB;
  }

  /** How long saving a sequence of so many tokens should take. */
  saveMs(tokens: number): number {
    return tokens * this.#saveMs;
  }

  restoreMs(tokens: number): number {
    return tokens * this.#restoreMs;
  }

  save(slot: number, tokens: number): State | undefined {
    const startedAt = this.#now();
    const state = this.#cells.save(slot);
    this.#saveMs = blend(this.#saveMs, (this.#now() - startedAt) / tokens);
    return state;
  }

  restore(slot: number, state: State, tokens: number): boolean {
    const startedAt = this.#now();
    const isDone = this.#cells.restore(slot, state);
    this.#restoreMs = blend(this.#restoreMs, (this.#now() - startedAt) / tokens);
    return isDone;
  }
}

const blend = (old: number, ms: number): number =>
  old + weight * (Math.min(ms, old * outlier) - old);
