/**
 * One fault each, done to a server of its own under load: what its callers, its health and its processes
 * then do. A fresh server for each, since a worker's second death within a minute is followed by a wait.
 */
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { Client, credentials, type ServiceError } from "@grpc/grpc-js";
import {
  HealthCheckRequest,
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus,
  HealthService,
} from "../../gen/grpc/health/v1/health.ts";
import { type ServerProcess, withServer } from "../lib/server.ts";
import { realClock } from "../load/clock.ts";
import { openEmbedding, sentences } from "../load/embedding.ts";
import { openInferd } from "../load/inferd.ts";
import { exactly, requests } from "../load/requests.ts";
import type { StreamEnd, StreamTarget } from "../load/target.ts";
import { Watch } from "../load/watch.ts";

export const streams = 8;
const model = "inferd-demo";

/** Tokens that each stream has had before the fault: a call without one would be tried once more. */
const firstTokens = 8;
/** More than any has had by then. */
const newTokens = 1500;
/** How long a process may take to go before it counts as left behind. */
const patienceMs = 10_000;

/** Times count from the fault. */
export interface WorkerRound {
  /** Until each call ended. */
  readonly callsMs: readonly number[];
  /** Calls that ended otherwise than UNAVAILABLE with RetryInfo, by their code. */
  readonly others: readonly string[];
  /** Until the model's health said NOT_SERVING, and SERVING again. */
  readonly downMs: number;
  readonly upMs: number;
  readonly embedding: Beside;
}

/** Calls of the other model, one after another, from before the fault until the first serves again. */
interface Beside {
  readonly calls: number;
  readonly failures: number;
  readonly slowestMs: number;
}

export function killWorker(signal: NodeJS.Signals, seed: number): Promise<WorkerRound> {
  return withServer({ flags: [] }, async (server) => {
    const health = watchHealth(server.address);
    const target = openInferd({ address: server.address, model, temperature: 0.8, connections: 1 });
    let isOver = false;
    const embedding = embedUntil(server.address, () => isOver);
    try {
      await health.known;
      const calls = await flowing(target.stream, seed);
      const killedAt = performance.now();
      process.kill(workerOf(server), signal);
      const ends = await Promise.all(calls);
      const { downAt, upAt } = await health.outage;
      isOver = true;
      return {
        callsMs: ends.map(({ at }) => at - killedAt),
        others: ends.filter(({ end }) => !isAsPromised(end)).map(({ end }) => end.code),
        downMs: downAt - killedAt,
        upMs: upAt - killedAt,
        embedding: await embedding,
      };
    } finally {
      isOver = true;
      health.close();
      target.close();
    }
  });
}

export interface FrontRound {
  /** From the front's death until each worker was gone. */
  readonly goneMs: readonly number[];
  /** Workers that were still there when patience was over. */
  readonly orphans: number;
}

export function killFront(seed: number): Promise<FrontRound> {
  return withServer({ flags: [] }, async (server) => {
    const target = openInferd({ address: server.address, model, temperature: 0.8, connections: 1 });
    try {
      const calls = await flowing(target.stream, seed);
      const workers = server.workers().map(({ pid }) => pid);
      const killedAt = performance.now();
      process.kill(server.front, "SIGKILL");
      const gone = await Promise.all(workers.map((pid) => goneAt(pid, killedAt + patienceMs)));
      await Promise.all(calls);
      const goneMs = gone.filter((at) => at !== undefined).map((at) => at - killedAt);
      return { goneMs, orphans: workers.length - goneMs.length };
    } finally {
      target.close();
    }
  });
}

interface Ended {
  readonly end: StreamEnd;
  readonly at: number;
}

/** Begins the calls, and gives their ends to come once all of them have had tokens. */
async function flowing(stream: StreamTarget, seed: number): Promise<readonly Promise<Ended>[]> {
  const request = requests({
    prompt: { kind: "words", words: { least: 10, most: 20 } },
    newTokens: exactly(newTokens),
    seed,
  });
  const { signal } = new AbortController();
  const calls = Array.from({ length: streams }, (_, index) => {
    const watch = new Watch(realClock);
    const reader = { signal, onTokens: (count: number) => watch.add(count) };
    const ended = stream(request(index), reader).then((end) => {
      watch.end(end.code);
      return { end, at: performance.now() };
    });
    return { watch, ended };
  });
  await Promise.all(calls.map(({ watch }) => watch.reached(firstTokens)));
  return calls.map(({ ended }) => ended);
}

const isAsPromised = ({ code, retryInfoMs }: StreamEnd): boolean =>
  code === "UNAVAILABLE" && retryInfoMs !== undefined;

function workerOf({ workers }: ServerProcess): number {
  const worker = workers().find(({ name }) => name.includes(model));
  if (worker === undefined) throw new Error(`no worker goes by the name of ${model}`);
  return worker.pid;
}

interface HealthWatch {
  /** Fulfilled once the server has told health for the first time. */
  readonly known: Promise<unknown>;
  /** When the model did not serve any more, and when it did again. */
  readonly outage: Promise<{ readonly downAt: number; readonly upAt: number }>;
  close(): void;
}

function watchHealth(address: string): HealthWatch {
  const client = new Client(address, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = HealthService.watch;
  const call = client.makeServerStreamRequest<HealthCheckRequest, HealthCheckResponse>(
    path,
    requestSerialize,
    responseDeserialize,
    HealthCheckRequest.fromPartial({ service: `model:${model}` }),
  );
  const known = Promise.withResolvers<undefined>();
  const outage = Promise.withResolvers<{ readonly downAt: number; readonly upAt: number }>();
  let downAt: number | undefined;
  call.on("data", ({ status }: HealthCheckResponse) => {
    const now = performance.now();
    known.resolve(undefined);
    if (status !== HealthCheckResponse_ServingStatus.SERVING) downAt ??= now;
    else if (downAt !== undefined) outage.resolve({ downAt, upAt: now });
  });
  call.on("error", (error: ServiceError) => {
    known.reject(error);
    outage.reject(error);
  });
  // Who waits for neither has failed already, and says so.
  for (const { promise } of [known, outage]) promise.catch(() => undefined);
  return {
    known: known.promise,
    outage: outage.promise,
    close: () => {
      call.cancel();
      client.close();
    },
  };
}

async function embedUntil(address: string, isOver: () => boolean): Promise<Beside> {
  const target = openEmbedding(address);
  const texts = sentences(64);
  let [calls, failures, slowestMs] = [0, 0, 0];
  while (!isOver()) {
    const begunAt = performance.now();
    const isDone = await target.embed(texts.slice(calls % 64, (calls % 64) + 1)).then(
      () => true,
      () => false,
    );
    if (!isDone) failures += 1;
    slowestMs = Math.max(slowestMs, performance.now() - begunAt);
    calls += 1;
  }
  target.close();
  return { calls, failures, slowestMs };
}

/** When the process was gone; undefined, and ended at last, where it was still there at `until`. */
async function goneAt(pid: number, until: number): Promise<number | undefined> {
  for (;;) {
    const now = performance.now();
    if (!isThere(pid)) return now;
    if (now > until) break;
    await wait(2);
  }
  process.kill(pid, "SIGKILL");
  return undefined;
}

/** A zombie only waits for its parent's word. */
function isThere(pid: number): boolean {
  const stat = `/proc/${pid}/stat`;
  try {
    return existsSync(stat) && !/\) [ZX]/.test(readFileSync(stat, "utf8"));
  } catch {
    return false;
  }
}
