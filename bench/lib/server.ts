/** inferd itself, started as a person starts it: `bin/inferd serve` on a free port. */
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { startProcess, stopProcess } from "./child.ts";
import { repository } from "./paths.ts";
import { children, title } from "./process.ts";

export interface ServerProcess {
  readonly address: string;
  /** From the start of the process until all models were ready. */
  readonly readyMs: number;
  /** The process that speaks gRPC. */
  readonly front: number;
  /** One for each loaded model's replica, with the name it goes by. */
  readonly workers: () => readonly { readonly pid: number; readonly name: string }[];
  stop(): Promise<void>;
}

export interface ServerOptions {
  /** Flags of `inferd serve`. */
  readonly flags: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Is told of each line that says how a call ended. */
  readonly onCall?: (line: CallLine) => void;
}

// Nobody is led elsewhere when a benchmark ends.
const ours = { INFERD_PORT: "0", INFERD_LOG_FORMAT: "json", INFERD_LAME_DUCK_MS: "0" };

/** Starts inferd and waits until its models are loaded; throws with its log where they are not. */
async function startServer({ flags, environment, onCall }: ServerOptions): Promise<ServerProcess> {
  const startedAt = performance.now();
  const child = startProcess(join(repository, "bin", "inferd"), ["serve", ...flags], {
    env: { ...process.env, ...ours, ...environment },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error("bin/inferd could not be started");
  try {
    const address = await readyAddress(child, onCall);
    const readyMs = performance.now() - startedAt;
    return {
      address,
      readyMs,
      front: pid,
      workers: () => children(pid).map((worker) => ({ pid: worker, name: title(worker) })),
      stop: () => stopProcess(child),
    };
  } catch (error) {
    await stopProcess(child);
    throw error;
  }
}

/** Runs what needs a server, and stops the server whatever happens. */
export async function withServer<T>(
  options: ServerOptions,
  run: (server: ServerProcess) => Promise<T>,
): Promise<T> {
  const server = await startServer(options);
  try {
    return await run(server);
  } finally {
    await server.stop();
  }
}

/** Gives the ready line's address; after it, the log is thrown away as cheaply as can be, unless somebody counts calls. */
function readyAddress(child: ChildProcess, onCall: ServerOptions["onCall"]): Promise<string> {
  const { stderr } = child;
  if (stderr === null) throw new Error("bug: the log is not piped");
  const lines: string[] = [];
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      reject(new Error(`inferd did not get ready: ${why}\n${lines.join("\n")}`));
    };
    child.once("exit", (code) => fail(`it ended with ${code ?? "a signal"}`));
    const reader = createInterface({ input: stderr }).on("line", (line) => {
      lines.push(line);
      if (lines.length > keptLines) lines.shift();
      const entry = parseLine(line);
      if (entry?.msg === "call") onCall?.(callOf(entry));
      if (entry?.msg === "ready" && entry.address !== undefined) {
        resolve(entry.address);
        if (onCall !== undefined) return;
        reader.close();
        stderr.resume();
      }
      if (entry?.msg?.startsWith("no model could be loaded") === true) fail(entry.msg);
    });
  });
}

/** One line of the log for one attempt of a call. */
export interface CallLine {
  readonly method: string;
  readonly code: string;
  /** Why it failed; empty where it did not. */
  readonly reason: string;
  /** A worker had begun its job. */
  readonly isStarted: boolean;
}

interface LogEntry {
  readonly msg?: string;
  readonly method?: string;
  readonly code?: string;
  readonly reason?: string;
  readonly queueMs?: number;
  readonly address?: string;
}

function callOf({ method = "", code = "", reason = "", queueMs }: LogEntry): CallLine {
  return { method, code, reason, isStarted: queueMs !== undefined };
}

/** Enough to say why a server did not start. */
const keptLines = 20;

function parseLine(line: string): LogEntry | undefined {
  // Our own server writes these lines; anything else that lands on stderr is not JSON.
  return line.startsWith("{") ? (JSON.parse(line) as LogEntry) : undefined;
}
