import { ServeError } from "../base/errors.ts";
import { type Admission, admit, type Bounds, exceeded } from "./admission.ts";
import type { Counters } from "./counters.ts";
import type { Estimates } from "./estimates.ts";
import { admitBoth, type GlobalLimit, type QueueEntry, type Refusal } from "./global-limit.ts";
import type { QueueOrder } from "./order.ts";
import type { Ticket } from "./ticket.ts";

export interface LimitOptions {
  /** Limits of this queue. The global limit has those of the whole server. */
  readonly bounds: Bounds;
  readonly globalLimit: GlobalLimit;
  /** Rejects jobs that cannot end before their deadline. */
  readonly refusesLate: boolean;
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number;
}

/** What a queue knows of its jobs. */
interface QueueFacts<Job extends QueueEntry> {
  readonly order: QueueOrder<Job>;
  readonly counters: Counters;
  readonly estimates: Estimates;
}

type Newcomer = QueueEntry & { readonly expiresAt: number };

/** Decides which jobs may wait in a queue, and what the others are told. */
export class QueueLimits<Job extends Newcomer> {
  readonly #options: LimitOptions;
  readonly #facts: QueueFacts<Job>;

  constructor(options: LimitOptions, facts: QueueFacts<Job>) {
    this.#options = options;
    this.#facts = facts;
  }

  /** Makes room for a job, or throws why it may not wait. */
  admit(newcomer: Job): void {
    this.#assertInTime(newcomer);
    const own = this.#admitHere(newcomer);
    const refusal = admitBoth(newcomer, own, this.#options.globalLimit);
    if (refusal !== undefined) throw this.queueFull(newcomer, refusal);
  }

  /** The error of a job that may not wait, or not any longer. */
  queueFull({ priority }: Ticket, { bound, scope }: Refusal): ServeError {
    const { counters, order, estimates } = this.#facts;
    counters.refused.QUEUE_FULL += 1;
    const { size: waiting, sizes } = order;
    const what = scope === "model" ? "for this model" : "in this server";
    return new ServeError("QUEUE_FULL", `too many calls wait ${what}; try again later`, {
      facts: { bound, scope, waiting: String(waiting), waitingTokens: String(order.tokens) },
      retryAfterMs: estimates.retryAfterMs(sizes, priority, this.#options.now()),
    });
  }

  #admitHere(newcomer: Job): Admission<Job> {
    const { bounds } = this.#options;
    const { order } = this.#facts;
    const jobs = order.size + 1;
    const tokens = order.tokens + newcomer.tokens;
    if (exceeded({ jobs, tokens }, bounds) === undefined) return { kind: "accept", givingWay: [] };
    return admit(order.jobs, newcomer, bounds);
  }

  /** A job that finds a free slot never comes here. So its duration is measured, whatever the estimates say. */
  #assertInTime(newcomer: Job): void {
    const { refusesLate, now } = this.#options;
    const { counters, order, estimates } = this.#facts;
    if (!refusesLate || newcomer.expiresAt === Infinity) return;
    const neededMs = estimates.leastMs(order.ahead(newcomer), newcomer);
    const leftMs = newcomer.expiresAt - now();
    if (neededMs <= leftMs) return;
    counters.refused.WOULD_EXPIRE += 1;
    const message = "the call's deadline would pass before its end; allow more time, or try later";
    const facts = { neededMs: String(Math.round(neededMs)), leftMs: String(Math.round(leftMs)) };
    throw new ServeError("WOULD_EXPIRE", message, { facts });
  }
}
