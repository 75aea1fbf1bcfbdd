import type { Cells, State } from "./cells.ts";

/**
 * Measured time to copy a token's state to host memory and back, in milliseconds. Before a measurement, estimated by
 * bytes.
 */
const firstGuess = { saveMsPerMiB: 0.6, restoreMsPerMiB: 0.15 };
const weight = 0.3;
/** A measurement counts for at most this many times the expected value: the rest is noise. */
const outlier = 4;

export interface TransferOptions {
  readonly cells: Cells;
  /** Of one token's state, about. */
  readonly cellBytes: number;
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number;
}

/** Owns the transfers between KV memory and host memory, and their measured cost. */
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

  /** Expected time to save a sequence of this many tokens. */
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
