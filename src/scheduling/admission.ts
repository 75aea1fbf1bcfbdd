/**
 * Which jobs may wait, and which are evicted. Pure, so that a rejection is decided in one place and before any cost.
 *
 * A job that fits may wait. At the limit, the newest job of the caller that holds most is evicted, which can be the new
 * job. So a single caller can fill an otherwise empty queue, and makes room as soon as another comes (longest queue
 * drop, Suter and others 1998). The users of one caller share its part in the same way. So do batch and interactive
 * jobs: the priority that exceeds its part gives way.
 */
import { batchShare, type Priority } from "../base/priority.ts";
import type { Ticket } from "./ticket.ts";

/** Upper limit of what may wait. */
export interface Bounds {
  readonly jobs: number;
  readonly tokens: number;
}

export type Bound = keyof Bounds;

export interface Waiter extends Ticket {
  /** The job had started and lost its worker. It waits whatever the limits are. */
  readonly isRetry: boolean;
}

/** A waiting job that makes room, and the limit concerned. */
interface GivingWay<T> {
  readonly job: T;
  readonly bound: Bound;
}

export type Admission<T> =
  | { readonly kind: "accept"; readonly givingWay: readonly GivingWay<T>[] }
  | { readonly kind: "refuse"; readonly bound: Bound };

// A single large job must not evict a queue of small ones.
const mostGivingWay = 8;

/** Decides for a new job, given the waiting ones in order of arrival. */
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
 * The limit that this amount would exceed. A single job may have any size if any job may wait: its call could never be
 * served otherwise.
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

/**
 * The newest job of the user that holds most, of the caller that holds most, of the priority that exceeds its part
 * most.
 */
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
  const ofCaller = heldMost(rest, { newcomer, bound, ownerOf: ({ caller }) => caller });
  const ofUser = heldMost(ofCaller, { newcomer, bound, ownerOf: ({ user = "" }) => user });
  return ofUser.includes(newcomer) ? newcomer : (ofUser.at(-1) ?? newcomer);
}

interface Yielding<T> {
  readonly newcomer: T;
  readonly bound: NamedBound;
  readonly ownerOf: (job: T) => string;
}

/** The jobs of the owner that holds most. Among equals, the new job's owner, otherwise the newest job's. */
function heldMost<T extends Waiter>(
  jobs: readonly T[],
  { newcomer, bound, ownerOf }: Yielding<T>,
): readonly T[] {
  const held = new Map<string, number>();
  for (const job of jobs) {
    const owner = ownerOf(job);
    held.set(owner, (held.get(owner) ?? 0) + costOf(job, bound.name));
  }
  const most = Math.max(...held.values());
  const holdsMost = (job: T): boolean => held.get(ownerOf(job)) === most;
  const newest =
    jobs.includes(newcomer) && holdsMost(newcomer) ? newcomer : jobs.findLast(holdsMost);
  return newest === undefined ? [] : jobs.filter((job) => ownerOf(job) === ownerOf(newest));
}

const costOf = ({ tokens }: Waiter, bound: Bound): number => (bound === "jobs" ? 1 : tokens);

/** What the jobs of each priority hold of a limit. */
function holdings(left: readonly Waiter[], bound: Bound): Record<Priority, number> {
  const held = { batch: 0, interactive: 0 };
  for (const job of left) if (!job.isRetry) held[job.priority] += costOf(job, bound);
  return held;
}
