/** The memory of V8's heap. */

/**
 * Gives back what loading left behind: half of the heap of a process that has just started is free, and V8 keeps it.
 * It takes some 30 ms, in which nothing else runs. Without `--expose-gc`, which our own starts have, it does nothing.
 */
export function giveBackHeap(): void {
  globalThis.gc?.({ type: "major", execution: "sync", flavor: "last-resort" });
}
