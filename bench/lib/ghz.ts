/** ghz, the usual load tool for unary gRPC calls: run, and its JSON kept. */
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheFolder, repository } from "./paths.ts";
import { percentile } from "./statistics.ts";

export interface GhzOptions {
  readonly address: string;
  /** As in `inferd.v1.ServerService/GetServerInfo`. */
  readonly method: string;
  readonly data: unknown;
  readonly callers: number;
  readonly seconds: number;
  /** Another server's methods are those that its reflection tells. */
  readonly isForeign?: boolean;
}

/** ghz's own report; durations in nanoseconds. */
export interface GhzReport {
  readonly count: number;
  readonly rps: number;
  readonly average: number;
  readonly statusCodeDistribution: Readonly<Record<string, number>>;
  readonly latencyDistribution:
    readonly { readonly percentage: number; readonly latency: number }[] | null;
  /** Every single call. */
  readonly details: readonly { readonly latency: number; readonly status: string }[] | null;
}

const execute = promisify(execFile);

const ghz = join(repository, ".tools", "bin", "ghz");

/** The one that `make tools` builds. ghz itself knows its version only in its own release builds. */
export function ghzVersion(): string {
  const pins = readFileSync(join(repository, "tools", "install-go-tools"), "utf8");
  const version = /\/ghz@(v\S+)/.exec(pins)?.[1];
  if (version === undefined) throw new Error("bug: tools/install-go-tools names no version of ghz");
  return version;
}

/** Calls one method for a while; every caller begins its next call when its last one has ended. */
export async function runGhz(options: GhzOptions): Promise<GhzReport> {
  const { address, method, data, callers, seconds, isForeign = false } = options;
  const protos = isForeign ? [] : ["--protoset", join(repository, "gen", "fds.binpb")];
  mkdirSync(cacheFolder, { recursive: true });
  const output = join(cacheFolder, "ghz.json");
  await execute(ghz, [
    ...["--insecure", ...protos, "--call", method],
    ...["--data", JSON.stringify(data), "--disable-template-data"],
    ...["--concurrency", String(callers), "--connections", "1"],
    ...["--duration", `${seconds}s`, "--duration-stop", "wait", "--timeout", "60s"],
    ...["--format", "json", "--output", output, address],
  ]);
  // ghz wrote it this moment; its fields are documented.
  return JSON.parse(readFileSync(output, "utf8")) as GhzReport;
}

/**
 * A report as ghz wrote it, but for the list of single calls: that is a hundred bytes for each. What only the list
 * tells, and ghz's percentiles do not, is worked out from it: the 99.9th.
 */
export function keptOf(report: GhzReport): Omit<GhzReport, "details"> {
  const { details, ...kept } = report;
  const well = (details ?? []).filter(({ status }) => status === "OK");
  if (well.length === 0) return kept;
  const latencies = well.map(({ latency }) => latency).sort((a, b) => a - b);
  const tail = { percentage: 99.9, latency: percentile(latencies, 0.999) };
  return { ...kept, latencyDistribution: [...(kept.latencyDistribution ?? []), tail] };
}

export function keepGhz(folder: string, name: string, report: GhzReport): void {
  mkdirSync(folder, { recursive: true });
  // Where the repository lies on this machine is nobody's business.
  const text = JSON.stringify(keptOf(report), undefined, 2).replaceAll(`${repository}/`, "");
  writeFileSync(join(folder, `${name}.json`), `${text}\n`);
}
