import type { Priority } from "../base/priority.ts";

/** What a job may cost, in tokens. */
export interface Work {
  /** To read. */
  readonly promptTokens: number;
  /** To read and to generate. */
  readonly tokens: number;
}

/** What scheduling knows of a job. */
export interface Ticket extends Work {
  /** The caller, which shares a turn: `CallContext.caller.id`. */
  readonly caller: string;
  /** The caller's user, which shares a turn among its users: `CallOptions.user` of the contract. Left out for none. */
  readonly user?: string;
  readonly priority: Priority;
}
