import type { ServeError } from "../base/errors.ts";
import {
  type Admission,
  admit,
  type Bound,
  type Bounds,
  exceeded,
  type Waiter,
} from "./admission.ts";

/** A job that waits in some queue of the server. */
export interface QueueEntry extends Waiter {
  /** Ends its wait: it is evicted for another caller's job. */
  giveWay(refusal: Refusal): void;
  fail(error: ServeError): void;
}

/** Details of a rejection: which limit, and its scope. */
export interface Refusal {
  readonly bound: Bound;
  readonly scope: "model" | "server";
}

/** All waiting jobs of the server, whatever their model. The only place that enforces the global limit. */
export class GlobalLimit {
  readonly #bounds: Bounds;
  readonly #entries = new Set<QueueEntry>();
  #tokens = 0;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  enter(entry: QueueEntry): void {
    this.#entries.add(entry);
    this.#tokens += entry.tokens;
  }

  leave(entry: QueueEntry): void {
    if (this.#entries.delete(entry)) this.#tokens -= entry.tokens;
  }

  /** Decides for a new job, as if the given jobs had left. */
  admit(newcomer: QueueEntry, leaving: readonly QueueEntry[]): Admission<QueueEntry> {
    const left = leaving.reduce((sum, { tokens }) => sum + tokens, 0);
    const jobs = this.#entries.size + 1 - leaving.length;
    const tokens = this.#tokens + newcomer.tokens - left;
    if (exceeded({ jobs, tokens }, this.#bounds) === undefined) return accepted;
    const staying = [...this.#entries].filter((entry) => !leaving.includes(entry));
    return admit(staying, newcomer, this.#bounds);
  }
}

/** Admits a job to its queue, which has decided, and to the server. Evicts others for it; gives why it may not wait. */
export function admitBoth<Job extends QueueEntry>(
  newcomer: Job,
  own: Admission<Job>,
  globalLimit: Pick<GlobalLimit, "admit">,
): Refusal | undefined {
  if (own.kind === "refuse") return { bound: own.bound, scope: "model" };
  const leaving = own.givingWay.map(({ job }) => job);
  const all = globalLimit.admit(newcomer, leaving);
  if (all.kind === "refuse") return { bound: all.bound, scope: "server" };
  for (const { job, bound } of own.givingWay) job.giveWay({ bound, scope: "model" });
  for (const { job, bound } of all.givingWay) job.giveWay({ bound, scope: "server" });
  return undefined;
}

const accepted: Admission<QueueEntry> = { kind: "accept", givingWay: [] };
