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
  /** Callers share the turns by this: `CallContext.caller.id`. */
  readonly caller: string;
  /** A caller's users share its turns by this: `CallOptions.user` of the contract. Left out for none. */
  readonly user?: string;
  readonly priority: Priority;
}
