/**
 * h2load, nghttp2's load tool: one client for HTTP/2 and HTTP/1.1 that costs little itself. It knows no gRPC: it counts
 * HTTP statuses and bytes, so what an answer holds must be looked at before.
 */
import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheFolder } from "./paths.ts";

export interface H2loadOptions {
  readonly url: string;
  readonly protocol: "http/2" | "http/1.1";
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly connections: number;
  /** Calls at once on each connection. */
  readonly streams: number;
  readonly seconds: number;
}

export interface H2loadReport {
  readonly calls: number;
  readonly callsPerSecond: number;
  /** Of the answers' bodies, those included that the end cut off. */
  readonly bodyBytes: number;
}

const execute = promisify(execFile);

/** Undefined where it is not installed. */
export function h2loadVersion(): string | undefined {
  try {
    return execFileSync("h2load", ["--version"], { encoding: "utf8" }).trim().split("/").at(-1);
  } catch {
    return undefined;
  }
}

/** Asks for the same in a closed loop for a while; throws where an answer is not 200. */
export async function runH2load(options: H2loadOptions): Promise<H2loadReport> {
  const { url, protocol, headers, body, connections, streams, seconds } = options;
  mkdirSync(cacheFolder, { recursive: true });
  const bodyFile = join(cacheFolder, "h2load-body.bin");
  writeFileSync(bodyFile, body);
  const { stdout } = await execute("h2load", [
    ...["--threads", "1", "--clients", String(connections)],
    ...["--max-concurrent-streams", String(streams), "--duration", String(seconds)],
    ...Object.entries(headers).flatMap(([name, value]) => ["--header", `${name}: ${value}`]),
    ...["--data", bodyFile, ...(protocol === "http/1.1" ? ["--h1"] : []), url],
  ]);
  return reportOf(stdout, seconds);
}

/** Reads what h2load prints at its end. */
export function reportOf(printed: string, seconds: number): H2loadReport {
  const number = (pattern: RegExp): number => {
    const found = pattern.exec(printed)?.[1];
    if (found === undefined) throw new Error(`h2load says something else:\n${printed}`);
    return Number(found);
  };
  const calls = number(/^requests: .* (\d+) succeeded,/m);
  const failed = number(/(\d+) failed,/) + number(/(\d+) errored,/) + number(/(\d+) timeout/);
  const answers = number(/^status codes: (\d+) 2xx/m);
  if (failed > 0 || answers < calls || calls === 0) {
    throw new Error(`not all calls succeeded:\n${printed}`);
  }
  const bodyBytes = number(/ \((\d+)\) data$/m);
  return { calls, callsPerSecond: calls / seconds, bodyBytes };
}
