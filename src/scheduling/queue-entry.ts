import type { ServeError } from "../base/errors.ts";
import type { Sample } from "./estimates.ts";
import type { QueueEntry } from "./global-limit.ts";
import type { Ticket } from "./ticket.ts";

/** How a job enters the queue. */
export interface EnqueueOptions<Slot, Started> {
  readonly ticket: Ticket;
  /** Called as soon as a slot is free, in turn. Must take the slot before it returns. */
  readonly start: (slot: Slot) => Started;
  /** Called if no slot is free and the job may wait. */
  readonly waits?: () => void;
  readonly signal: AbortSignal;
  /** When its call ends at the latest, by the queue's clock; Infinity for never. */
  readonly expiresAt: number;
  /** It may wait whatever the limits are: it has waited elsewhere within them. */
  readonly isAdmitted?: boolean;
  /** Its worker died before it had sent anything. It was admitted once, and goes to the front. */
  readonly isRetry: boolean;
}

/** Result of a started job. */
export interface EndedJob extends Sample {
  readonly ticket: Ticket;
  readonly generatedTokens: number;
  /** Why it ended early. Undefined if it did not. */
  readonly error: ServeError | undefined;
}

/** A job in the queue. */
export interface Waiting<Slot> extends QueueEntry {
  readonly expiresAt: number;
  readonly start: (slot: Slot) => void;
}
