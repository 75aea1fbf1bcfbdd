/**
 * One shape for all four kinds of gRPC call: a handler takes a request (or, for client streams, an
 * iterable of them) and gives an iterable of responses; a unary answer is an iterable of one.
 * Everything above the edge is written once against it.
 */
import type { ServeError } from "../base/errors.ts";
import type { JobFacts } from "../base/job-facts.ts";
import type { Priority } from "../base/priority.ts";

/** What a call's handler learns on the way, for its one line in the log. Services fill it in. */
export interface CallRecord {
  /** The name of a loaded model, as it becomes a metric's label: never what a caller made up. */
  model?: string;
  inputs?: number;
  /** The user and the labels that the caller states. */
  user?: string;
  labels?: Readonly<Record<string, string>>;
  /** Set once the call has a job. */
  job?: JobFacts;
}

/** What the server knows of a caller. */
export interface Caller {
  /**
   * Tells callers apart: one id shares one place in the queues and one quota. Where calls carry no
   * credentials, it is the address that they come from.
   */
  readonly id: string;
  /**
   * Prompts of the same scope share what engines remember. The caller's id where a credential proved it; empty where none
   * did, since an address may be a proxy's, and proves nothing.
   */
  readonly cacheScope: string;
  /** Whether the caller may know of a model. */
  readonly sees: (model: string) => boolean;
  /**
   * Says which models the caller may read of, where the method itself is open to all: it looks at the credential only
   * now, and a bad one counts as none.
   */
  readonly readable: () => Promise<(model: string) => boolean>;
  /** Throws NOT_ALLOWED where the caller may not use the model. */
  readonly use: (model: string) => void;
  /** The most urgent that the caller's jobs may be, whatever they ask for. */
  readonly priority: Priority;
  /**
   * Takes tokens from the caller's quotas by an estimate, before a model computes them; the result
   * takes what was used instead, once. Throws QUOTA_EXCEEDED where too few are left.
   */
  readonly reserve: (estimate: number) => (used: number) => void;
}

/** What a handler may know about the call it serves. */
export interface CallContext {
  /** The full method name without a leading slash, such as `inferd.v1.GenerationService/Generate`. */
  readonly method: string;
  /** The caller's own, or the server's: at most 128 printable characters, to be found in lines and errors. */
  readonly requestId: string;
  /** The caller's place in a trace, as W3C Trace Context writes it: valid, and of version 00. */
  readonly traceparent: string | undefined;
  /** Aborts when the answer is not wanted any more: its reason is the ServeError that the call ends with. */
  readonly signal: AbortSignal;
  /** Ends the call with this error, also while its handler waits for a caller who does not read. */
  readonly abort: (reason: ServeError) => void;
  /** When the answer must be there, by `performance.now()`; Infinity for never. */
  readonly deadline: number;
  /** When the call arrived, by `performance.now()`. */
  readonly arrivedAt: number;
  /** The caller's address. */
  readonly peer: string;
  readonly caller: Caller;
  readonly record: CallRecord;
}

/** A unary method answers with exactly one item; a streaming one, with any number. */
export type Handler<I, O> = (request: I, context: CallContext) => AsyncIterable<O>;
