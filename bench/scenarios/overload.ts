import { setTimeout as sleep } from "node:timers/promises";
import { arrivals } from "../load/arrivals.ts";
import { realClock } from "../load/clock.ts";
import { type CallRecord, type Drive, drive, type DriveOptions } from "../load/drive.ts";
import { openInferd } from "../load/inferd.ts";
import { exactly, requests } from "../load/requests.ts";
import type { StreamTarget } from "../load/target.ts";
import { sampleMetrics } from "../lib/metrics.ts";
import { freePort } from "../lib/port.ts";
import { queueUse } from "../lib/queue-use.ts";
import { seededRandom } from "../lib/random.ts";
import type { Scenario } from "../lib/scenario.ts";
import { type CallLine, type ServerProcess, withServer } from "../lib/server.ts";
import { spread } from "../lib/statistics.ts";
import { usageOf } from "../lib/usage.ts";
import { outcomeOf, type Part } from "./overload-report.ts";

// Lengths differ, or all calls of a batch would begin and end together.
export const shape = { promptTokens: 47, newTokens: { least: 48, most: 144 } } as const;
export const offeredTimes = 3;
const maxQueuedJobs = 32;
const slots = 16;
const model = "inferd-demo";
const everyMs = 100;
const settleMs = 500;
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

export const overload: Scenario = {
  name: "overload",
  title: "Three times the load that the server can take",
  method: `inferd-demo, prompts of ${shape.promptTokens} tokens and ${shape.newTokens.least} to ${shape.newTokens.most} new ones; ${maxQueuedJobs} jobs may wait. First one call at a time; then a closed loop that keeps the queue half full; then an open loop (Poisson) of ${offeredTimes} times what that completed, by a stock grpc-js client with a retry policy of ${retryPolicy.maxAttempts} attempts in its service config and a deadline of ${deadlineMs / 1000} s; then the closed loop again. The capacity is the mean of the two closed loops. Goodput counts completed calls from the first arrival to the last, without the first sixth. Attempts are those that the server's log has. The time to the first token is the server's own, from the arrival of the attempt that was served; it is held against twice the unloaded one and the time that a full queue and the ${slots} jobs that run take at capacity. Client and server are processes of their own and share the machine's cores; the second table shows what each used, and whether the queue ran dry, from metrics read every ${everyMs} ms without the first sixth. Where a call ended that was not completed is told by attempt: only those that a worker had begun have cost the model time.`,
  async run({ isSmoke, say }) {
    const lastsMs = isSmoke ? 6000 : 24_000;
    const lines: CallLine[] = [];
    const metricsPort = await freePort();
    const flags = [
      "--max-queued-jobs",
      String(maxQueuedJobs),
      "--metrics-port",
      String(metricsPort),
    ];
    const parts = await withServer({ flags, onCall: (line) => lines.push(line) }, (server) =>
      withTarget(server.address, async (target) => {
        const part = async (name: string, options: Pick<DriveOptions, "load" | "durationMs">) => {
          say(name);
          return runPart(target, { ...options, server, metricsPort, lines, seed: name.length });
        };
        await part("warm up", { load: { kind: "closed", streams: 16 }, durationMs: lastsMs / 10 });
        const unloaded = await part("unloaded", {
          load: { kind: "closed", streams: 1 },
          durationMs: lastsMs / 5,
        });
        const capacity = {
          load: { kind: "closed", streams: 32 },
          durationMs: lastsMs / 2,
        } as const;
        const full = await part("at capacity", capacity);
        const perSecond = full.completedPerSecond * offeredTimes;
        const arrivalsMs = arrivals("poisson", perSecond, seededRandom(1));
        const overloaded = await part("overloaded", {
          load: { kind: "open", arrivalsMs },
          durationMs: lastsMs,
        });
        const fullAgain = await part("at capacity again", capacity);
        return { unloaded, full, overloaded, fullAgain };
      }),
    );
    return outcomeOf(parts, { offeredTimes, places: maxQueuedJobs + slots });
  },
};

async function withTarget<T>(
  address: string,
  run: (target: StreamTarget) => Promise<T>,
): Promise<T> {
  const target = openInferd({
    address,
    model,
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
  readonly server: ServerProcess;
  readonly metricsPort: number;
  readonly lines: CallLine[];
  readonly seed: number;
};

async function runPart(
  target: StreamTarget,
  { server, metricsPort, lines, seed, ...options }: PartOptions,
): Promise<Part> {
  // Calls that the part before cut off are in the log by then.
  await sleep(settleMs);
  lines.length = 0;
  const observed = observe(server, metricsPort, options.durationMs);
  const driven = await drive(target, {
    ...options,
    calls: Infinity,
    request: requests({
      prompt: { kind: "tokens", tokens: exactly(shape.promptTokens) },
      newTokens: shape.newTokens,
      seed,
    }),
    clock: realClock,
  });
  return { ...partOf(driven, options.durationMs, lines), ...(await observed) };
}

/** Looks at the server while calls arrive, but for the first sixth. */
async function observe(
  server: ServerProcess,
  metricsPort: number,
  durationMs: number,
): Promise<Pick<Part, "queue" | "usage">> {
  await sleep(durationMs / 6);
  const used = usageOf(server);
  const sampler = sampleMetrics(metricsPort, everyMs);
  await sleep((durationMs / 6) * 5);
  return { queue: queueUse(sampler.stop(), model), usage: used() };
}

function partOf(
  { startMs, calls }: Drive,
  durationMs: number,
  lines: readonly CallLine[],
): Omit<Part, "queue" | "usage"> {
  const completed = calls.filter(({ end }) => end.code === "OK");
  const fromMs = startMs + durationMs / 6;
  const untilMs = startMs + durationMs;
  const inTime = ({ endMs }: CallRecord): boolean => endMs >= fromMs && endMs < untilMs;
  const attempts: Record<string, number> = {};
  for (const { method, code, reason, isStarted } of lines) {
    if (!method.endsWith("/GenerateStream")) continue;
    const how =
      reason === "" ? code : `${reason} ${isStarted ? "while it ran" : "before it began"}`;
    attempts[how] = (attempts[how] ?? 0) + 1;
  }
  return {
    calls: calls.length,
    completed: completed.length,
    completedPerSecond: completed.filter(inTime).length / ((untilMs - fromMs) / 1000),
    attempts,
    firstTokenMs: spread(completed.flatMap(({ end }) => end.firstTokenMs ?? [])),
  };
}
