/** Scheduling priority of a job. `proto/inferd/v1/types.proto` defines the values. */
export type Priority = "interactive" | "batch";

/**
 * The guaranteed share of batch jobs while interactive jobs compete: of a model's tokens in the queue, of step time,
 * and of queue capacity. Also the share of slots that batch jobs leave free.
 */
export const batchShare = 1 / 8;
