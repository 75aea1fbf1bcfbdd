/**
 * Who may wait, and who gives way. Pure, so that refusing is decided in one place and before any cost.
 *
 * Whoever fits, waits. Where the bound is reached, the newest job of whoever holds most gives way, and
 * that can be the newcomer: so a single caller may fill a queue that nobody else wants, and has to
 * make room as soon as another comes (longest queue drop, Suter and others 1998). Batch and
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
export interface GivingWay<T> {
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

/** What the jobs of one priority hold of a bound. */
interface Holding {
  total: number;
  readonly byCaller: Map<string, number>;
}

/** The newest job of the caller who holds most, in the priority that holds most beyond its part. */
function leastEntitled<T extends Waiter>(left: readonly T[], newcomer: T, bound: NamedBound): T {
  const held = holdings(left, bound.name);
  const batchPart = Math.floor(bound.most * batchShare);
  const beyond: Record<Priority, number> = {
    batch: held.batch.total - batchPart,
    interactive: held.interactive.total - (bound.most - batchPart),
  };
  const other: Priority = newcomer.priority === "batch" ? "interactive" : "batch";
  const yielding = beyond[other] > 0 && beyond[newcomer.priority] <= 0 ? other : newcomer.priority;
  const { byCaller } = held[yielding];
  const most = Math.max(...byCaller.values());
  // Where several hold as much, it is the newcomer who has to go.
  if (yielding === newcomer.priority && byCaller.get(newcomer.caller) === most) return newcomer;
  const yields = ({ isRetry, priority, caller }: T): boolean =>
    !isRetry && priority === yielding && byCaller.get(caller) === most;
  return left.findLast(yields) ?? newcomer;
}

function holdings(left: readonly Waiter[], bound: Bound): Record<Priority, Holding> {
  const held = {
    batch: { total: 0, byCaller: new Map<string, number>() },
    interactive: { total: 0, byCaller: new Map<string, number>() },
  };
  for (const { isRetry, priority, caller, tokens } of left) {
    if (isRetry) continue;
    const cost = bound === "jobs" ? 1 : tokens;
    const { byCaller } = held[priority];
    held[priority].total += cost;
    byCaller.set(caller, (byCaller.get(caller) ?? 0) + cost);
  }
  return held;
}
