/** Operations on the KV memory, whose sequences are the slots. */
export interface Cells {
  /** Removes a sequence's cells from a position on. Cells shared with others remain theirs. */
  remove(slot: number, from: number): void;
  /** Shares the first cells of another sequence, if all share one pool. */
  share(from: number, to: number, tokens: number): void;
  /**
   * Whether all cells of a sequence are there, from position 0. With sliding-window attention, the library frees those
   * behind the window.
   */
  isWhole(slot: number): boolean;
  /** Copies a sequence's state to host memory. Undefined if the library cannot. */
  save(slot: number): State | undefined;
  /** Restores a sequence's state from a copy. If that fails, the sequence is empty and the result is false. */
  restore(slot: number, state: State): boolean;
}

/** A sequence's state in host memory. */
export interface State {
  readonly bytes: number;
  /** Frees its memory. It cannot be used afterwards. */
  free(): void;
}
