import { arrivals } from "../load/arrivals.ts";
import { realClock } from "../load/clock.ts";
import { type CallRecord, type Drive, drive, type DriveOptions } from "../load/drive.ts";
import { openInferd } from "../load/inferd.ts";
import { requests } from "../load/requests.ts";
import type { StreamTarget } from "../load/target.ts";
import { seededRandom } from "../lib/random.ts";
import type { Outcome, Scenario } from "../lib/scenario.ts";
import { type CallLine, withServer } from "../lib/server.ts";
import { rounded, type Spread, spread } from "../lib/statistics.ts";

// Lengths differ, or all calls of a batch would begin and end together.
const shape = { promptTokens: 47, newTokens: { least: 48, most: 144 } } as const;
const offeredTimes = 3;
const maxQueuedJobs = 32;
const slots = 16;
// Longer than the open loop: a call that expires in the middle has cost the model time and is none.
const deadlineMs = 40_000;

/** What a client's author writes who has read no more than gRPC's guide to retries. */
const retryPolicy = {
  maxAttempts: 4,
  initialBackoff: "0.1s",
  maxBackoff: "5s",
  backoffMultiplier: 2,
  retryableStatusCodes: ["RESOURCE_EXHAUSTED", "UNAVAILABLE"],
};
const serviceConfig = JSON.stringify({
  loadBalancingConfig: [],
  methodConfig: [{ name: [{}], retryPolicy }],
});

interface Part {
  readonly calls: number;
  readonly completed: number;
  readonly completedPerSecond: number;
  /** Attempts that reached the server, by how it answered each. */
  readonly attempts: Readonly<Record<string, number>>;
  readonly firstTokenMs: Spread | undefined;
}

interface Parts {
  readonly unloaded: Part;
  readonly full: Part;
  readonly overloaded: Part;
}

export const overload: Scenario = {
  name: "overload",
  title: "Three times the load that the server can take",
  method: `inferd-demo, prompts of ${shape.promptTokens} tokens and ${shape.newTokens.least} to ${shape.newTokens.most} new ones; ${maxQueuedJobs} jobs may wait. First one call at a time; then a closed loop that keeps the queue half full, which shows the capacity; then an open loop (Poisson) of ${offeredTimes} times that capacity, by a stock grpc-js client with a retry policy of ${retryPolicy.maxAttempts} attempts in its service config and a deadline of ${deadlineMs / 1000} s. Goodput counts completed calls from the first arrival to the last, without the first sixth. Attempts are those that the server's log has. The time to the first token is the server's own, from the arrival of the attempt that was served; it is held against twice the unloaded one and the time that a full queue and the ${slots} jobs that run take at capacity. Client and server share the machine.`,
  async run({ isSmoke, say }) {
    const lastsMs = isSmoke ? 6000 : 24_000;
    const lines: CallLine[] = [];
    const flags = ["--max-queued-jobs", String(maxQueuedJobs)];
    const parts = await withServer({ flags, onCall: (line) => lines.push(line) }, ({ address }) =>
      withTarget(address, async (target) => {
        const part = async (name: string, options: Pick<DriveOptions, "load" | "durationMs">) => {
          say(name);
          return runPart(target, { ...options, lines, seed: name.length });
        };
        await part("warm up", { load: { kind: "closed", streams: 16 }, durationMs: lastsMs / 10 });
        const unloaded = await part("unloaded", {
          load: { kind: "closed", streams: 1 },
          durationMs: lastsMs / 5,
        });
        const full = await part("at capacity", {
          load: { kind: "closed", streams: 32 },
          durationMs: lastsMs / 2,
        });
        const perSecond = full.completedPerSecond * offeredTimes;
        const arrivalsMs = arrivals("poisson", perSecond, seededRandom(1));
        const overloaded = await part("overloaded", {
          load: { kind: "open", arrivalsMs },
          durationMs: lastsMs,
        });
        return { unloaded, full, overloaded };
      }),
    );
    return outcomeOf(parts);
  },
};

async function withTarget<T>(
  address: string,
  run: (target: StreamTarget) => Promise<T>,
): Promise<T> {
  const target = openInferd({
    address,
    model: "inferd-demo",
    temperature: 0.8,
    connections: 1,
    deadlineMs,
    serviceConfig,
  });
  try {
    return await run(target.stream);
  } finally {
    target.close();
  }
}

type PartOptions = Pick<DriveOptions, "load" | "durationMs"> & {
  readonly lines: CallLine[];
  readonly seed: number;
};

async function runPart(
  target: StreamTarget,
  { lines, seed, ...options }: PartOptions,
): Promise<Part> {
  lines.length = 0;
  const driven = await drive(target, {
    ...options,
    calls: Infinity,
    request: requests({
      prompt: { kind: "tokens", tokens: { least: shape.promptTokens, most: shape.promptTokens } },
      newTokens: shape.newTokens,
      seed,
    }),
    clock: realClock,
  });
  return partOf(driven, options.durationMs, lines);
}

function partOf({ startMs, calls }: Drive, durationMs: number, lines: readonly CallLine[]): Part {
  const completed = calls.filter(({ end }) => end.code === "OK");
  const fromMs = startMs + durationMs / 6;
  const untilMs = startMs + durationMs;
  const inTime = ({ endMs }: CallRecord): boolean => endMs >= fromMs && endMs < untilMs;
  const attempts: Record<string, number> = {};
  for (const { method, code } of lines) {
    if (method.endsWith("/GenerateStream")) attempts[code] = (attempts[code] ?? 0) + 1;
  }
  return {
    calls: calls.length,
    completed: completed.length,
    completedPerSecond: completed.filter(inTime).length / ((untilMs - fromMs) / 1000),
    attempts,
    firstTokenMs: spread(completed.flatMap(({ end }) => end.firstTokenMs ?? [])),
  };
}

function outcomeOf(parts: Parts): Outcome {
  const { unloaded, full, overloaded } = parts;
  const attempts = sum(overloaded.attempts);
  const queueMs = ((maxQueuedJobs + slots) / full.completedPerSecond) * 1000;
  return {
    claims: [
      {
        what: `goodput under ${offeredTimes} times the capacity`,
        value: rounded(overloaded.completedPerSecond / full.completedPerSecond),
        unit: "of the capacity",
        aim: { relation: "≥", value: 0.95 },
      },
      {
        what: "attempts for each call",
        value: rounded(attempts / overloaded.calls),
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
    tables: [
      {
        title: "Calls",
        columns: [
          "",
          "calls",
          "attempts",
          "refused attempts",
          "completed",
          "completed a second",
          "first token p50 ms",
          "p99 ms",
        ],
        rows: Object.entries({ unloaded, "at capacity": full, overloaded }).map(([name, part]) => [
          name,
          part.calls,
          sum(part.attempts),
          part.attempts["RESOURCE_EXHAUSTED"] ?? 0,
          part.completed,
          rounded(part.completedPerSecond),
          part.firstTokenMs?.p50 ?? NaN,
          part.firstTokenMs?.p99 ?? NaN,
        ]),
      },
    ],
    data: parts,
  };
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
