/** The real server, started as a person starts it and stopped as the kubelet stops it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export interface RealServer {
  readonly port: number;
  /** The host and the port. */
  readonly address: string;
  /** Sends SIGTERM to the server and gives the exit code of the command that started it. */
  stop(): Promise<number | null>;
}

/** Runs a shell command that starts a server, on a free port, and waits until its models are ready. */
export async function startServer(command: string): Promise<RealServer> {
  const child = spawn("sh", ["-c", `exec ${command}`], {
    // A group of its own, so that nothing outlives the test, whatever fails.
    detached: true,
    env: { ...process.env, INFERD_PORT: "0", INFERD_LOG_FORMAT: "json" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const killGroup = (): void => signal(-(child.pid ?? 0), "SIGKILL");
  process.once("exit", killGroup);
  const closed = once(child, "close").finally(() => process.off("exit", killGroup));
  try {
    const { pid, port } = await ready(child, command);
    const stop = async (): Promise<number | null> => {
      signal(pid, "SIGTERM");
      await closed;
      return child.exitCode;
    };
    return { port, address: `127.0.0.1:${port}`, stop };
  } catch (error) {
    killGroup();
    throw error;
  }
}

interface Ready {
  readonly pid: number;
  readonly port: number;
}

/** Reads the log up to the ready line, and goes on reading so that the server never waits for us. */
function ready(child: ChildProcess, command: string): Promise<Ready> {
  const lines: string[] = [];
  return new Promise((resolve, reject) => {
    child.once("close", () =>
      reject(new Error(`${command} ended before it was ready:\n${lines.join("\n")}`)),
    );
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream! }).on("line", (line) => {
        lines.push(line);
        const found = readReady(line);
        if (found !== undefined) resolve(found);
      });
    }
  });
}

function readReady(line: string): Ready | undefined {
  if (!line.startsWith("{")) return undefined;
  const { msg, pid, port } = JSON.parse(line) as { msg?: string; pid?: number; port?: number };
  return msg === "ready" && pid !== undefined && port !== undefined ? { pid, port } : undefined;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has gone already.
  }
}
