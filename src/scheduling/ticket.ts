import type { Work } from "./work.ts";

export type Priority = "interactive" | "batch";

/** What scheduling knows of a job. */
export interface Ticket extends Work {
  /** Who shares a turn: `CallContext.caller.id`. */
  readonly caller: string;
  readonly priority: Priority;
}

/** The part of a model that batch jobs can count on while interactive ones wait, and of its queue. */
export const batchShare = 1 / 8;
