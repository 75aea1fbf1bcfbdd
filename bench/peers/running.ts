/** A server on a port, from its start until what needs it is done. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, openSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { startProcess, stopProcess } from "../lib/child.ts";
import { cacheFolder, repository } from "../lib/paths.ts";
import { freePort } from "../lib/port.ts";
import { descendants } from "../lib/process.ts";

export interface Running {
  readonly port: number;
  /** Its processes: it, and all that it has started. */
  readonly pids: () => readonly number[];
}

/** inferd in its defaults, its log in a file; but for its bound on a connection's calls, which are many here. */
export async function withInferd<T>(
  flags: readonly string[],
  run: (server: Running) => Promise<T>,
): Promise<T> {
  const port = await freePort();
  mkdirSync(cacheFolder, { recursive: true });
  const log = join(cacheFolder, "rpc-inferd.log");
  const all = ["serve", ...flags, "--max-calls-per-second", "1000000"];
  const child = startProcess(join(repository, "bin", "inferd"), all, {
    env: { ...process.env, INFERD_PORT: String(port), INFERD_LOG_FORMAT: "json" },
    stdio: ["ignore", "ignore", openSync(log, "w")],
  });
  return whileItRuns(child, port, async (server) => {
    while (!readFileSync(log, "utf8").includes('"msg":"ready"')) await wait(50);
    return run(server);
  });
}

export async function whileItRuns<T>(
  child: ChildProcess,
  port: number,
  run: (server: Running) => Promise<T>,
): Promise<T> {
  const { pid } = child;
  if (pid === undefined) throw new Error("a server could not be started");
  try {
    await listening(child, port);
    return await run({ port, pids: () => [pid, ...descendants(pid)] });
  } finally {
    await stopProcess(child);
  }
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  while (child.exitCode === null) {
    const socket = connect(port, "127.0.0.1");
    const isOpen = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
    await wait(50);
  }
  throw new Error("the server did not get ready");
}
