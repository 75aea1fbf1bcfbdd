import { setTimeout as sleep } from "node:timers/promises";
import { arrivals } from "../load/arrivals.ts";
import type { Load } from "../load/drive.ts";
import { openInferd } from "../load/inferd.ts";
import { exactly, requests } from "../load/requests.ts";
import type { StreamRequest, StreamTarget } from "../load/target.ts";
import { availableClients, foreignClients } from "../lib/foreign.ts";
import { freePort } from "../lib/port.ts";
import { seededRandom } from "../lib/random.ts";
import type { Scenario } from "../lib/scenario.ts";
import { type CallLine, withServer } from "../lib/server.ts";
import type { Launch } from "../lib/timed-calls.ts";
import { flood } from "./overload-flood.ts";
import { everyMs, observe, partOf, sharesOf, type Watched } from "./overload-parts.ts";
import { type Flood, outcomeOf } from "./overload-report.ts";

// Lengths differ, or all calls of a batch would begin and end together.
export const shape = { promptTokens: 47, newTokens: { least: 48, most: 144 } } as const;
export const offeredTimes = 3;
const maxQueuedJobs = 32;
const slots = 16;
const model = "inferd-demo";
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
const methodConfig = [{ name: [{}], retryPolicy }];
const stock = { model, temperature: 0.8, deadlineMs } as const;

export const overload: Scenario = {
  name: "overload",
  title: "Three times the load that the server can take",
  method: `inferd-demo, prompts of ${shape.promptTokens} tokens and ${shape.newTokens.least} to ${shape.newTokens.most} new ones; ${maxQueuedJobs} jobs may wait. First one call at a time; then a closed loop that keeps the queue half full; then an open loop (Poisson) of ${offeredTimes} times what that completed; then the closed loop again. All but the first are shared by stock clients of grpc-js, of Python (grpcio, asyncio) and of Go (grpc-go), each a process with one connection, the same retry policy of ${retryPolicy.maxAttempts} attempts in its service config and a deadline of ${deadlineMs / 1000} s: they share the server's cores, so its capacity is what is left next to the same clients. It is the mean of the two closed loops. Goodput counts completed calls from the first arrival to the last, without the first sixth. Attempts are those that the server's log has. The time to the first token is the server's own, from the arrival of the attempt that was served; it is held against twice the unloaded one and the time that a full queue and the ${slots} jobs that run take at capacity. Clients and server share the machine's cores; the third table shows what each used, and whether the queue ran dry, from metrics read every ${everyMs} ms without the first sixth. How late a client sent its calls is its own doing. Where a call ended that was not completed is told by attempt: only those that a worker had begun have cost the model time.`,
  async run({ isSmoke, say }) {
    const lastsMs = isSmoke ? 6000 : 24_000;
    const launches = await availableClients(foreignClients, say);
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
        const watched: Watched = { server, metricsPort, model, lines };
        const part = (name: string, load: Load, durationMs: number, by = launches) => {
          say(name);
          const seed = name.length;
          return partBy({ target, watched, launches: by, load, durationMs, seed });
        };
        const closed = (name: string, streams: number, durationMs: number, by = launches) =>
          part(name, { kind: "closed", streams }, durationMs, by);
        const nobody = new Map<string, Launch>();
        await closed("warm up", 16, lastsMs / 10, nobody);
        const unloaded = await closed("unloaded", 1, lastsMs / 5, nobody);
        const full = await closed("at capacity", 32, lastsMs / 2);
        const perSecond = full.completedPerSecond * offeredTimes;
        const arrivalsMs = arrivals("poisson", perSecond, seededRandom(1));
        const overloaded = await part("overloaded", { kind: "open", arrivalsMs }, lastsMs);
        const fullAgain = await closed("at capacity again", 32, lastsMs / 2);
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
    ...stock,
    address,
    connections: 1,
    serviceConfig: JSON.stringify({ loadBalancingConfig: [], methodConfig }),
  });
  try {
    return await run(target.stream);
  } finally {
    target.close();
  }
}

interface PartOptions {
  readonly target: StreamTarget;
  readonly watched: Watched;
  /** Of other libraries' clients, which share the load with this process's own. */
  readonly launches: ReadonlyMap<string, Launch>;
  readonly load: Load;
  readonly durationMs: number;
  readonly seed: number;
}

async function partBy({
  target,
  watched,
  launches,
  load,
  durationMs,
  seed,
}: PartOptions): Promise<Flood> {
  await settle(watched);
  const { calls, observed, versions } = await flood({
    target,
    launches,
    settings: {
      ...stock,
      address: watched.server.address,
      serviceConfig: JSON.stringify({ methodConfig }),
    },
    load,
    durationMs,
    request: requestsOf(seed),
    observe: (pids) => observe(watched, durationMs, pids),
  });
  const part = partOf(calls, durationMs, watched.lines);
  return { ...part, ...observed, libraries: sharesOf(calls, durationMs), versions };
}

/** Calls that the part before cut off are in the log by then. */
async function settle({ lines }: Watched): Promise<void> {
  await sleep(settleMs);
  lines.length = 0;
}

function requestsOf(seed: number): (index: number) => StreamRequest {
  return requests({
    prompt: { kind: "tokens", tokens: exactly(shape.promptTokens) },
    newTokens: shape.newTokens,
    seed,
  });
}
