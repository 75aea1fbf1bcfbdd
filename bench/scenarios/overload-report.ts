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

/** What one gRPC library's client had of a part. */
export interface Share {
  readonly calls: number;
  readonly completed: number;
  readonly completedPerSecond: number;
  readonly firstTokenMs: Spread | undefined;
  /** How late its calls were sent. */
  readonly lateMs: Spread | undefined;
  /** Calls by the code that they ended with. */
  readonly ends: Readonly<Record<string, number>>;
}

export interface Flood extends Part {
  readonly libraries: Readonly<Record<string, Share>>;
  /** Of the libraries that are not inferd's own. */
  readonly versions: Readonly<Record<string, string>>;
}

export interface Parts {
  readonly unloaded: Part;
  /** Before the overload, and after it: a machine is not the same from one minute to the next. */
  readonly full: Part;
  readonly overloaded: Flood;
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
        unit: "attempts",
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
    tables: [
      callsTable(parts),
      librariesTable(overloaded),
      costTable(parts),
      endsTable(overloaded),
    ],
    data: parts,
    versions: overloaded.versions,
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

function librariesTable({ libraries, usage }: Flood): Table {
  const columns = ["calls", "completed", "completed a second", "first token p50 ms", "p99 ms"];
  return {
    title: "The overload's calls, by the library that made them",
    columns: ["", ...columns, "sent late by, p99 ms", "cores", "ended otherwise"],
    rows: Object.entries(libraries).map(([library, share]) => [
      library,
      share.calls,
      share.completed,
      rounded(share.completedPerSecond),
      share.firstTokenMs?.p50 ?? NaN,
      share.firstTokenMs?.p99 ?? NaN,
      share.lateMs?.p99 ?? NaN,
      usage.clients[library] ?? NaN,
      Object.entries(share.ends)
        .filter(([code]) => code !== "OK")
        .map(([code, count]) => `${count} ${code}`)
        .join(", "),
    ]),
  };
}

function costTable(parts: Parts): Table {
  return {
    title: "Cores used, and the queue",
    columns: ["", "front", "workers", "clients", "waiting, mean", "queue empty", "slots unused"],
    rows: rowsOf(parts, ({ usage: { front, workers, clients }, queue }) => [
      front,
      workers,
      rounded(sum(clients)),
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
