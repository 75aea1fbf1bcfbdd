/** The memory of V8's heap. */

/**
 * Returns memory to the system after loading. Half of the heap of a process that has just started is free, and V8 keeps
 * it. Takes some 30 ms, in which nothing else runs. Does nothing without `--expose-gc`, which bin/inferd sets.
 */
export function giveBackHeap(): void {
  globalThis.gc?.({ type: "major", execution: "sync", flavor: "last-resort" });
}
