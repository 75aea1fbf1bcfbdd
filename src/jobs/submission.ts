import type { Priority } from "../base/priority.ts";
import type { Job } from "../engines/engine.ts";

/** What a service asks a model to do, and for which call. */
export interface Submission {
  readonly job: Job;
  /** Of the call: the job's id in lines, errors and the worker's messages. */
  readonly requestId: string;
  /** Aborts the job wherever it is; its reason is thrown to the reader of its events. */
  readonly signal: AbortSignal;
  /** When the call arrived, by `performance.now()`: queue times count from here. */
  readonly arrivedAt: number;
  /** When the call ends whatever happens, by `performance.now()`; Infinity for never. */
  readonly expiresAt: number;
  /** Callers share the queue's turns by this: `CallContext.caller.id`. */
  readonly caller: string;
  /** A caller's users share its turns by this: `CallOptions.user` of the contract. */
  readonly user: string;
  readonly priority: Priority;
  /** The caller's place in a trace, as W3C Trace Context writes it. */
  readonly traceparent?: string;
  /** It has waited for its model to be loaded, within the bounds: it is not refused for them again. */
  readonly isAdmitted?: boolean;
  /**
   * Takes tokens from the caller's quotas by an estimate; the result takes what was used instead, once. Throws
   * QUOTA_EXCEEDED where too few are left.
   */
  readonly reserve: (estimate: number) => (used: number) => void;
}
