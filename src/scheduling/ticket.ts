import type { Priority } from "../base/priority.ts";
import type { Work } from "./work.ts";

/** What scheduling knows of a job. */
export interface Ticket extends Work {
  /** Who shares a turn: `CallContext.caller.id`. */
  readonly caller: string;
  /** Who of the caller's users shares a turn among those: `CallOptions.user` of the contract. Left out for none. */
  readonly user?: string;
  readonly priority: Priority;
}
