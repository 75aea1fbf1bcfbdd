/** How a worker's life ended, in the words of the restart policy and in those for people. */
import { tellShortMemory } from "./stderr-tail.ts";
import type { Exit } from "./port.ts";
import type { Ending } from "./restart.ts";

/** What is known of a life when its process has ended. */
export interface ProcessExit {
  readonly exit: Exit;
  /** When it became ready; undefined where it never did. */
  readonly readyAt: number | undefined;
  /** What the engine said of the model. */
  readonly loadFailure: string | undefined;
  /** Why the server ended it, where it did. */
  readonly killedFor: string | undefined;
  /** What it printed last. */
  readonly lines: readonly string[];
}

/** Signals that native code gets for what it does itself. */
const faults: ReadonlySet<string> = new Set(["SIGABRT", "SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE"]);

export function exitOf({ exit, lines, readyAt, loadFailure }: ProcessExit, now: number): Ending {
  if (loadFailure !== undefined) return { kind: "load-failed" };
  if (readyAt === undefined) {
    const isFault = faults.has(exit.signal ?? "") && !tellShortMemory(lines);
    return { kind: "crashed-loading", isFault };
  }
  return { kind: "crashed", upMs: now - readyAt };
}

/** Why a worker rests or was given up. Callers see it: no path, no text of theirs. */
export function describeExit(ended: ProcessExit): string {
  if (ended.loadFailure !== undefined) return ended.loadFailure;
  return ended.readyAt === undefined
    ? `its worker ended while loading the model (${howEnded(ended)})`
    : `its worker keeps ending while it serves (${howEnded(ended)})`;
}

/** What ended a process that said nothing itself. */
export function howEnded({ exit, killedFor, lines }: ProcessExit): string {
  if (killedFor !== undefined) return killedFor;
  const { code, signal } = exit;
  const how = signal ?? (code === null ? notStarted(exit) : `exit code ${code}`);
  return tellShortMemory(lines) ? `${how}: out of memory` : how;
}

/** What the log says of it: `code` and `signal` mean other things there. */
export function exitFields({ exit: { code, signal, refusal } }: Pick<ProcessExit, "exit">) {
  return { exitCode: code, exitSignal: signal, ...(refusal !== undefined && { refusal }) };
}

/** What stands in the way of a new process, by the system's word. */
const refusals: Readonly<Record<string, string>> = {
  EMFILE: "no file descriptor is left, raise the server's limit of open files",
  ENFILE: "no file descriptor is left on this machine",
  EAGAIN: "there are too many processes, raise the limit of processes",
  ENOMEM: "out of memory",
};

function notStarted({ refusal = "" }: Exit): string {
  const why = refusals[refusal] ?? refusal;
  return `it could not be started${why === "" ? "" : `: ${why}`}`;
}
