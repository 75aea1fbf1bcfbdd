/** What the overload scenario says of its parts. */
import type { QueueUse } from "../lib/queue-use.ts";
import type { Outcome, Table } from "../lib/scenario.ts";
import { rounded, type Spread } from "../lib/statistics.ts";
import type { Usage } from "../lib/usage.ts";

export interface Part {
  readonly calls: number;
  readonly completed: number;
  readonly completedPerSecond: number;
  /** Attempts that reached the server, by how it answered each. */
  readonly attempts: Readonly<Record<string, number>>;
  readonly firstTokenMs: Spread | undefined;
  readonly queue: QueueUse;
  readonly usage: Usage;
}

export interface Parts {
  readonly unloaded: Part;
  /** Before the overload, and after it: a machine is not the same from one minute to the next. */
  readonly full: Part;
  readonly overloaded: Part;
  readonly fullAgain: Part;
}

export interface Load {
  /** The load, of the capacity. */
  readonly offeredTimes: number;
  /** Jobs that may wait or run. */
  readonly places: number;
}

export function outcomeOf(parts: Parts, { offeredTimes, places }: Load): Outcome {
  const { unloaded, full, overloaded, fullAgain } = parts;
  const capacity = (full.completedPerSecond + fullAgain.completedPerSecond) / 2;
  const queueMs = (places / capacity) * 1000;
  return {
    claims: [
      {
        what: `goodput under ${offeredTimes} times the capacity`,
        value: rounded(overloaded.completedPerSecond / capacity),
        unit: "of the capacity",
        aim: { relation: "≥", value: 0.95 },
      },
      {
        what: "attempts for each call",
        value: rounded(sum(overloaded.attempts) / overloaded.calls),
        unit: "×",
        aim: { relation: "≤", value: 2 },
      },
      {
        what: "accepted calls' time to first token, p99",
        value: rounded(overloaded.firstTokenMs?.p99 ?? NaN),
        unit: "ms",
        // Twice the unloaded one, and what a full queue and all that run take at capacity.
        aim: { relation: "≤", value: rounded(2 * (unloaded.firstTokenMs?.p99 ?? NaN) + queueMs) },
      },
    ],
    tables: [callsTable(parts), costTable(parts), endsTable(overloaded)],
    data: parts,
  };
}

function rowsOf<T>({ unloaded, full, overloaded, fullAgain }: Parts, cells: (part: Part) => T[]) {
  const named = { unloaded, "at capacity": full, overloaded, "at capacity again": fullAgain };
  return Object.entries(named).map(([name, part]) => [name, ...cells(part)]);
}

function callsTable(parts: Parts): Table {
  return {
    title: "Calls",
    columns: ["", "calls", "completed", "completed a second", "first token p50 ms", "p99 ms"],
    rows: rowsOf(parts, ({ calls, completed, completedPerSecond, firstTokenMs }) => [
      calls,
      completed,
      rounded(completedPerSecond),
      firstTokenMs?.p50 ?? NaN,
      firstTokenMs?.p99 ?? NaN,
    ]),
  };
}

function costTable(parts: Parts): Table {
  return {
    title: "Cores used, and the queue",
    columns: ["", "front", "workers", "client", "waiting, mean", "queue empty", "slots unused"],
    rows: rowsOf(parts, ({ usage: { front, workers, client }, queue }) => [
      front,
      workers,
      client,
      queue.meanWaiting,
      `${rounded(queue.emptyPart * 100)} %`,
      `${rounded(queue.idleSlotsPart * 100)} %`,
    ]),
  };
}

function endsTable({ attempts }: Part): Table {
  return {
    title: "Attempts under overload, by how they ended",
    columns: ["", "attempts"],
    rows: Object.entries(attempts),
  };
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
