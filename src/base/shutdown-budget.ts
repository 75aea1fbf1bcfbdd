/**
 * How long the parts of a shutdown may take in addition to `--lame-duck-ms` and `--grace-ms`, in their order.
 * Kubernetes and systemd kill what has not ended in time: test/shutdown.test.ts adds these up.
 */

/** For calls that were ended at the end of the grace to bring their callers a status; for each gRPC port in turn. */
export const statusFlushMs = 500;

/** For workers to end their jobs, once the calls have ended. */
export const workerGraceMs = 2000;

/** For an idle worker to exit in order, which frees native memory, however little of its grace is left. */
export const workerExitMs = 500;

/** For answers of the key store that are on their way. */
export const keyStoreCloseMs = 500;

// Two more end one part of a server that goes on.

/** For workers of a model that was replaced or removed, once its jobs have ended. */
export const retiredWorkerGraceMs = 2000;

/** How much longer than its calls a connection lives that has reached its age: a call that ends by its deadline has to say so. */
export const agedConnectionMs = 5000;
