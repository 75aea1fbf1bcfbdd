/** What can be done with the KV memory, whose sequences are the slots. */
export interface Cells {
  /** Forgets a sequence's cells from a position on; cells that others share stay theirs. */
  remove(slot: number, from: number): void;
  /** Gives a sequence another's first cells to share: where all share one pool. */
  share(from: number, to: number, tokens: number): void;
  /**
   * Whether all of a sequence's cells are there, from position 0. Where attention slides, the library
   * gives away those that lie behind the window.
   */
  isWhole(slot: number): boolean;
  /** Copies a sequence's state to host memory; undefined where the library cannot. */
  save(slot: number): State | undefined;
  /** Makes a sequence's state that of a copy. Where that fails, the sequence is empty, and the answer is false. */
  restore(slot: number, state: State): boolean;
}

/** A sequence's state in host memory. */
export interface State {
  readonly bytes: number;
  /** Gives its memory back. It is of no use then. */
  free(): void;
}
