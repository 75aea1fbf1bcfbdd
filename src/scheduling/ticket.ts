import type { Priority } from "../base/priority.ts";
import type { Work } from "./work.ts";

/** What scheduling knows of a job. */
export interface Ticket extends Work {
  /** Who shares a turn: `CallContext.caller.id`. */
  readonly caller: string;
  readonly priority: Priority;
}
