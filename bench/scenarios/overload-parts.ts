/** What one part of the overload scenario was like: from its calls, the server's log and its metrics. */
import { setTimeout as sleep } from "node:timers/promises";
import { sampleMetrics } from "../lib/metrics.ts";
import { queueUse } from "../lib/queue-use.ts";
import type { CallLine, ServerProcess } from "../lib/server.ts";
import { spread } from "../lib/statistics.ts";
import { usageOf } from "../lib/usage.ts";
import type { EndedCall } from "./overload-flood.ts";
import type { Part, Share } from "./overload-report.ts";

export interface Watched {
  readonly server: ServerProcess;
  readonly metricsPort: number;
  readonly model: string;
  /** How attempts ended, as the server's log tells; the scenario empties it before each part. */
  readonly lines: CallLine[];
}

/** How often metrics are read. */
export const everyMs = 100;
/** A part's beginning, in which the queue fills, counts for nothing. */
const unmeasured = 1 / 6;

/** Looks at the server while calls arrive. */
export async function observe(
  { server, metricsPort, model }: Watched,
  durationMs: number,
  clients: Readonly<Record<string, number>>,
): Promise<Pick<Part, "queue" | "usage">> {
  await sleep(durationMs * unmeasured);
  const used = usageOf(server, clients);
  const sampler = sampleMetrics(metricsPort, everyMs);
  await sleep(durationMs * (1 - unmeasured));
  return { queue: queueUse(sampler.stop(), model), usage: used() };
}

export function partOf(
  calls: readonly EndedCall[],
  durationMs: number,
  lines: readonly CallLine[],
): Omit<Part, "queue" | "usage"> {
  const attempts: Record<string, number> = {};
  for (const { method, code, reason, isStarted } of lines) {
    if (!method.endsWith("/GenerateStream")) continue;
    const how =
      reason === "" ? code : `${reason} ${isStarted ? "while it ran" : "before it began"}`;
    attempts[how] = (attempts[how] ?? 0) + 1;
  }
  return { ...countsOf(calls, durationMs), attempts };
}

/** The calls of each library. */
export function sharesOf(
  calls: readonly EndedCall[],
  durationMs: number,
): Readonly<Record<string, Share>> {
  const libraries = Map.groupBy(calls, ({ library }) => library);
  return Object.fromEntries(
    [...libraries].map(([library, own]) => {
      const lateMs = spread(own.map((call) => call.lateMs));
      return [library, { ...countsOf(own, durationMs), lateMs, ends: endsOf(own) }];
    }),
  );
}

function countsOf(calls: readonly EndedCall[], durationMs: number) {
  const completed = calls.filter(({ code }) => code === "OK");
  const fromMs = durationMs * unmeasured;
  const inTime = completed.filter(({ endMs }) => endMs >= fromMs && endMs < durationMs);
  return {
    calls: calls.length,
    completed: completed.length,
    completedPerSecond: inTime.length / ((durationMs - fromMs) / 1000),
    firstTokenMs: spread(completed.flatMap(({ firstTokenMs }) => firstTokenMs ?? [])),
  };
}

function endsOf(calls: readonly EndedCall[]): Readonly<Record<string, number>> {
  const ends: Record<string, number> = {};
  for (const { code } of calls) ends[code] = (ends[code] ?? 0) + 1;
  return ends;
}
