/** ghz, the usual load tool for unary gRPC calls: run, and its JSON kept. */
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheFolder, repository } from "./paths.ts";

export interface GhzOptions {
  readonly address: string;
  /** As in `inferd.v1.ServerService/GetServerInfo`. */
  readonly method: string;
  readonly data: unknown;
  readonly callers: number;
  readonly seconds: number;
}

/** ghz's own report; durations in nanoseconds. */
export interface GhzReport {
  readonly count: number;
  readonly rps: number;
  readonly average: number;
  readonly statusCodeDistribution: Readonly<Record<string, number>>;
  readonly latencyDistribution:
    readonly { readonly percentage: number; readonly latency: number }[] | null;
}

const execute = promisify(execFile);

const ghz = join(repository, ".tools", "bin", "ghz");

export async function ghzVersion(): Promise<string> {
  const { stdout, stderr } = await execute(ghz, ["--version"]);
  return `${stdout}${stderr}`.trim();
}

/** Calls one method for a while; every caller begins its next call when its last one has ended. */
export async function runGhz(options: GhzOptions): Promise<GhzReport> {
  const { address, method, data, callers, seconds } = options;
  mkdirSync(cacheFolder, { recursive: true });
  const output = join(cacheFolder, "ghz.json");
  await execute(ghz, [
    ...["--insecure", "--protoset", join(repository, "gen", "fds.binpb"), "--call", method],
    ...["--data", JSON.stringify(data), "--disable-template-data"],
    ...["--concurrency", String(callers), "--connections", "1"],
    ...["--duration", `${seconds}s`, "--duration-stop", "wait", "--timeout", "60s"],
    ...["--format", "json", "--output", output, address],
  ]);
  // ghz wrote it this moment; its fields are documented.
  return JSON.parse(readFileSync(output, "utf8")) as GhzReport;
}

/** Keeps a report as ghz wrote it, but for the list of single calls: that is a hundred bytes for each. */
export function keepGhz(folder: string, name: string, report: GhzReport): void {
  mkdirSync(folder, { recursive: true });
  const kept = { ...report, details: undefined };
  // Where the repository lies on this machine is nobody's business.
  const text = JSON.stringify(kept, undefined, 2).replaceAll(`${repository}/`, "");
  writeFileSync(join(folder, `${name}.json`), `${text}\n`);
}
