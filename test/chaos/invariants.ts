/** What must hold of a server once nobody calls it any more. */
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as wait } from "node:timers/promises";
import { children } from "../../bench/lib/process.ts";
import { type Samples, samplesOf } from "../fixtures/prometheus.ts";
import { models } from "./schedule.ts";
import type { Site } from "./site.ts";

/** What a server holds while it rests. */
export interface Rest {
  /** File descriptors by kind, such as `socket` or `pipe`. */
  readonly files: Readonly<Record<string, number>>;
  readonly workers: number;
}

const patienceMs = 15_000;
// Metrics are made anew ten times a second; what is asked twice costs nothing.
const askMs = 100;

export async function metricsOf({ server }: Site): Promise<Samples> {
  const port = server.log().find(({ msg }) => msg === "metrics")?.port;
  // On a connection of its own, which is closed: it would count as one that the server has kept.
  const response = get({ port, path: "/metrics", agent: false });
  const [message] = (await once(response, "response")) as [IncomingMessage];
  return samplesOf(await text(message));
}

export function restOf({ server: { pid } }: Site): Rest {
  return { files: openFiles(pid), workers: children(pid).length };
}

/** Waits until nothing of a load is left, and gives what still is when that takes too long. */
export async function leftOver(site: Site, before: Rest): Promise<readonly string[]> {
  const untilMs = performance.now() + patienceMs;
  for (;;) {
    const problems = [...busy(await metricsOf(site)), ...more(restOf(site), before)];
    if (problems.length === 0 || performance.now() > untilMs) return problems;
    await wait(askMs);
  }
}

function busy(samples: Samples): readonly string[] {
  const gauges = [
    ...["inferd_connections", "inferd_open_calls", "inferd_upload_bytes"],
    ...["inferd_running_calls", "inferd_jobs_waiting", "inferd_jobs_running"],
  ];
  const held = gauges.flatMap((name) =>
    samples
      .of(name)
      .filter(({ value }) => value !== 0)
      .map(({ labels, value }) => `${name} ${JSON.stringify(labels)} is ${value}`),
  );
  const down = models.filter((model) => samples.get("inferd_model_ready", { model }) !== 1);
  return [...held, ...down.map((model) => `${model} is not ready`)];
}

function more(now: Rest, before: Rest): readonly string[] {
  const kinds = Object.keys({ ...now.files, ...before.files });
  const files = kinds.flatMap((kind) => {
    const [had = 0, has = 0] = [before.files[kind], now.files[kind]];
    return has <= had ? [] : `it had ${had} descriptors of the kind ${kind}, and has ${has}`;
  });
  if (now.workers === before.workers) return files;
  return [...files, `it had ${before.workers} workers, and has ${now.workers}`];
}

function openFiles(pid: number): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of readdirSync(`/proc/${pid}/fd`)) {
    const kind = kindOf(`/proc/${pid}/fd/${name}`);
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

function kindOf(path: string): string {
  try {
    return /^(\w+):/.exec(readlinkSync(path))?.[1] ?? "file";
  } catch {
    return "closed meanwhile";
  }
}

/** Those of the processes that are still there; a zombie is none. */
export function alive(pids: readonly number[]): readonly number[] {
  return pids.filter((pid) => {
    const path = `/proc/${pid}/stat`;
    return existsSync(path) && !/\) [ZX]/.test(readFileSync(path, "utf8"));
  });
}
