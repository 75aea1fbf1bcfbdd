/**
 * Who may wait, and who gives way. Pure, so that refusing is decided in one place and before any cost.
 *
 * Whoever fits, waits. Where the bound is reached, the newest job of whoever holds most gives way, and
 * that can be the newcomer: so a single caller may fill a queue that nobody else wants, and has to
 * make room as soon as another comes (longest queue drop, Suter and others 1998). Users of one caller share what it
 * holds in the same way. Batch and
 * interactive jobs share the bound likewise: the one that holds more than its part gives way.
 */
import { batchShare, type Priority } from "../base/priority.ts";
import type { Ticket } from "./ticket.ts";

/** The most that may wait. */
export interface Bounds {
  readonly jobs: number;
  readonly tokens: number;
}

export type Bound = keyof Bounds;

export interface Waiter extends Ticket {
  /** It was started before and lost its worker: it waits whatever the bounds say. */
  readonly isRetry: boolean;
}

/** A waiting job that makes room, and in which bound. */
interface GivingWay<T> {
  readonly job: T;
  readonly bound: Bound;
}

export type Admission<T> =
  | { readonly kind: "accept"; readonly givingWay: readonly GivingWay<T>[] }
  | { readonly kind: "refuse"; readonly bound: Bound };

// A single large job must not clear a queue of small ones.
const mostGivingWay = 8;

/** Decides for a newcomer before those who wait, in the order in which they came. */
export function admit<T extends Waiter>(
  waiting: readonly T[],
  newcomer: T,
  bounds: Bounds,
): Admission<T> {
  const left = [...waiting, newcomer];
  const givingWay: GivingWay<T>[] = [];
  for (;;) {
    const bound = exceeded(countOf(left), bounds);
    if (bound === undefined) return { kind: "accept", givingWay };
    const victim = leastEntitled(left, newcomer, { name: bound, most: bounds[bound] });
    if (victim === newcomer || givingWay.length === mostGivingWay) return { kind: "refuse", bound };
    left.splice(left.indexOf(victim), 1);
    givingWay.push({ job: victim, bound });
  }
}

/**
 * The bound that so much would exceed. One job alone may be of any size, where any may wait: its call
 * could never be served otherwise.
 */
export function exceeded({ jobs, tokens }: Bounds, bounds: Bounds): Bound | undefined {
  if (jobs > bounds.jobs) return "jobs";
  return tokens > bounds.tokens && jobs > 1 ? "tokens" : undefined;
}

function countOf(waiting: readonly Ticket[]): Bounds {
  return {
    jobs: waiting.length,
    tokens: waiting.reduce((sum, { tokens }) => sum + tokens, 0),
  };
}

interface NamedBound {
  readonly name: Bound;
  readonly most: number;
}

/** The newest job of the user who holds most of the caller's who does, in the priority that holds most beyond its part. */
function leastEntitled<T extends Waiter>(left: readonly T[], newcomer: T, bound: NamedBound): T {
  const held = holdings(left, bound.name);
  const batchPart = Math.floor(bound.most * batchShare);
  const beyond: Record<Priority, number> = {
    batch: held.batch - batchPart,
    interactive: held.interactive - (bound.most - batchPart),
  };
  const other: Priority = newcomer.priority === "batch" ? "interactive" : "batch";
  const yielding = beyond[other] > 0 && beyond[newcomer.priority] <= 0 ? other : newcomer.priority;
  const rest = left.filter(({ isRetry, priority }) => !isRetry && priority === yielding);
  const ofCaller = heldMost(rest, { newcomer, bound, partyOf: ({ caller }) => caller });
  const ofUser = heldMost(ofCaller, { newcomer, bound, partyOf: ({ user = "" }) => user });
  return ofUser.includes(newcomer) ? newcomer : (ofUser.at(-1) ?? newcomer);
}

interface Yielding<T> {
  readonly newcomer: T;
  readonly bound: NamedBound;
  readonly partyOf: (job: T) => string;
}

/** The jobs of the party that holds most: of the newcomer's where several hold as much, else of the newest job's. */
function heldMost<T extends Waiter>(
  jobs: readonly T[],
  { newcomer, bound, partyOf }: Yielding<T>,
): readonly T[] {
  const held = new Map<string, number>();
  for (const job of jobs) {
    const party = partyOf(job);
    held.set(party, (held.get(party) ?? 0) + costOf(job, bound.name));
  }
  const most = Math.max(...held.values());
  const holdsMost = (job: T): boolean => held.get(partyOf(job)) === most;
  const newest =
    jobs.includes(newcomer) && holdsMost(newcomer) ? newcomer : jobs.findLast(holdsMost);
  return newest === undefined ? [] : jobs.filter((job) => partyOf(job) === partyOf(newest));
}

const costOf = ({ tokens }: Waiter, bound: Bound): number => (bound === "jobs" ? 1 : tokens);

/** What the jobs of each priority hold of a bound. */
function holdings(left: readonly Waiter[], bound: Bound): Record<Priority, number> {
  const held = { batch: 0, interactive: 0 };
  for (const job of left) if (!job.isRetry) held[job.priority] += costOf(job, bound);
  return held;
}
