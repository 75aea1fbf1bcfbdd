/** How urgent a job is: `proto/inferd/v1/types.proto` says what that means. */
export type Priority = "interactive" | "batch";

/**
 * The part that batch jobs can count on while interactive ones want the same: of a model's tokens while they wait,
 * of its steps' time while they run, of a queue's room, and of the places that they leave free.
 */
export const batchShare = 1 / 8;
