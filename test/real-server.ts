/** The real server, started as a person starts it and stopped as the kubelet stops it. */
import { type ChildProcess, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { createInterface } from "node:readline";
import { plainEnvironment } from "./command.ts";

export interface RealServer {
  /** The host and the port. */
  readonly address: string;
  /** Its front process, which started the workers. */
  readonly pid: number;
  /** What it has logged so far. */
  log(): readonly LogLine[];
  /** Waits until its log has a line with this message, or so many. */
  said(message: string, times?: number): Promise<void>;
  /** Sends SIGTERM, reads the log to its end, and gives its last message. */
  stop(): Promise<string>;
  /** Its exit code, once it has ended; null where a signal ended it. */
  readonly ended: Promise<number | null>;
}

/** A line of the log, with what tests look for in some of them. */
export interface LogLine {
  readonly msg: string;
  readonly level: string;
  readonly port?: number;
  readonly method?: string;
  readonly model?: string;
  readonly code?: string;
  readonly reason?: string;
  /** Of calls, where one line tells of several. */
  readonly count?: number;
  readonly promptTokens?: number;
  readonly completionTokens?: number;
  readonly finishReason?: string;
}

const ours = { INFERD_PORT: "0", INFERD_LOG_FORMAT: "json" };

/** Runs a shell command that starts a server, on a free port, and waits until its models are loaded. */
export async function startServer(command: string): Promise<RealServer> {
  const child = spawn("sh", ["-c", `exec ${command}`], {
    // A group of its own, so that nothing outlives the test, whatever fails.
    detached: true,
    env: { INFERD_LAME_DUCK_MS: "0", ...plainEnvironment(), ...ours },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const killGroup = (): void => kill(child.pid);
  process.once("exit", killGroup);
  const closed = once(child, "close").finally(() => process.off("exit", killGroup));
  const lines: string[] = [];
  const counts = new Map<string, number>();
  const heard = new EventEmitter().setMaxListeners(0);
  const note = (line: string, message: string): void => {
    lines.push(line);
    counts.set(message, (counts.get(message) ?? 0) + 1);
    heard.emit("line");
  };
  try {
    const address = await ready(child, note);
    const said = async (message: string, times = 1): Promise<void> => {
      while ((counts.get(message) ?? 0) < times) {
        const hasEnded = child.exitCode !== null || child.signalCode !== null;
        if (hasEnded) throw new Error(`it ended before it said "${message}"`);
        await Promise.race([once(heard, "line"), closed]);
      }
    };
    const stop = async (): Promise<string> => {
      child.kill("SIGTERM");
      await closed;
      return messageOf(lines.findLast((line) => line.startsWith("{")) ?? "");
    };
    const log = (): readonly LogLine[] =>
      // Our own server writes these lines; anything else that lands there is not JSON.
      lines.flatMap((line) => (line.startsWith("{") ? (JSON.parse(line) as LogLine) : []));
    const ended = closed.then(() => child.exitCode);
    return { address, pid: child.pid ?? 0, log, said, stop, ended };
  } catch (error) {
    killGroup();
    throw new Error(`${command} did not get ready:\n${lines.join("\n")}`, { cause: error });
  }
}

/** Reads the log, all of it so that the server never waits for us, and gives the ready line's address. */
function ready(
  child: ChildProcess,
  note: (line: string, message: string) => void,
): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once("close", () => reject(new Error("it ended")));
    createInterface({ input: child.stderr! }).on("line", (line) => {
      const message = messageOf(line);
      note(line, message);
      if (message === "ready") resolve((JSON.parse(line) as { address: string }).address);
      if (message.startsWith("no model could be loaded")) reject(new Error(message));
    });
  });
}

function messageOf(line: string): string {
  return line.startsWith("{") ? (JSON.parse(line) as { msg: string }).msg : "";
}

/** Ends a process and all that it started. */
function kill(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // It has gone already.
  }
}
