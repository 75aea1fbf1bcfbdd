import { type ChildProcess, fork } from "node:child_process";
import { getCompileCacheDir } from "node:module";
import { pid } from "node:process";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Environment } from "../base/environment.ts";
import { readLines } from "../base/printed-lines.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import { sendTogether } from "./send-together.ts";
import { decodeSteps, type EncodedFromWorker } from "./step-encoding.ts";
import { workerEnvironment } from "./environment.ts";

/** How a process ended: one of code and signal is set, or neither where it could not be started. */
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
  /** The system's word on why it could not be started, such as EMFILE; empty where it gave none. */
  readonly refusal?: string;
}

/** The part of a worker process that its parent uses; a test passes a plain object. */
export interface Port {
  /** Undefined where the process could not be started. */
  readonly pid: number | undefined;
  /** Never throws; what is sent to a process that has ended is lost. */
  send(message: ToWorker): void;
  onMessage(listener: (message: FromWorker) => void): void;
  /** Called once. */
  onExit(listener: (exit: Exit) => void): void;
  /** A line that the process, or a library in it, printed. */
  onLine(listener: (line: string) => void): void;
  /** Ends it at once. */
  kill(): void;
}

const childPath = fileURLToPath(new URL("./child.ts", import.meta.url));

/** Starts a worker process. Where the system refuses one, its `onExit` says so. */
export function forkWorker(environment: Environment): Port {
  try {
    return portOf(forkChild(environment));
  } catch (thrown) {
    return {
      pid: undefined,
      send: () => undefined,
      onMessage: () => undefined,
      onExit: (listener) => setImmediate(listener, notStarted(thrown)),
      onLine: () => undefined,
      kill: () => undefined,
    };
  }
}

/** From so many bytes on, memory of a worker is mapped on its own. */
const mappedBytes = 128 * 1024;

function forkChild(environment: Environment): ChildProcess {
  const cache = getCompileCacheDir();
  // Its parent's id tells a worker whether its server is still there.
  return fork(childPath, [String(pid)], {
    serialization: "advanced",
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    // The young generation in MiB: left to V8 it grows under load to several times what is in use, and
    // shrinks in quiet, after which short-lived objects grow old before they are found dead.
    execArgv: [
      // Else the signal opens V8's inspector to every user of the machine.
      "--disable-sigusr1",
      // For what `giveBackHeap` does.
      "--expose-gc",
      "--min-semi-space-size=4",
      "--max-semi-space-size=4",
      "--disable-warning=ExperimentalWarning",
    ],
    env: workerEnvironment(environment, {
      // Native steps must come from one OS thread; on several, decoding was measured a quarter slower.
      UV_THREADPOOL_SIZE: "1",
      // Nor does the tokenizer take the cores of other models.
      TOKENIZERS_PARALLELISM: "false",
      // One malloc arena for all native threads: tensors of many sizes leave fewer holes in it.
      MALLOC_ARENA_MAX: "1",
      // What is larger is returned to the system once it is free: else glibc raises this bound by what was freed
      // while a model was loaded, and keeps such holes.
      MALLOC_MMAP_THRESHOLD_: String(mappedBytes),
      // Else ONNX Runtime reports its use to its makers, and keeps a device id in the home folder.
      ORT_DISABLE_TELEMETRY: "1",
      ...(cache === undefined ? {} : { NODE_COMPILE_CACHE: cache }),
    }),
  });
}

function portOf(child: ChildProcess): Port {
  return {
    get pid() {
      return child.pid;
    },
    send: sendTogether((messages) => {
      // With a callback, a closed channel is reported to it instead of thrown.
      if (child.connected) child.send([...messages], () => undefined);
    }),
    onMessage: (listener) => {
      // Only our own child.ts holds the other end.
      child.on("message", (message) => listener(decodeSteps(message as EncodedFromWorker)));
    },
    onExit: (listener) => {
      let ended = false;
      const end = (exit: Exit): void => {
        if (ended) return;
        ended = true;
        listener(exit);
      };
      child.on("exit", (code, signal) => end({ code, signal }));
      // Sent in place of `exit` where the process could not be started.
      child.on("error", (error) => {
        if (child.pid === undefined) end(notStarted(error));
      });
    },
    onLine: (listener) => {
      // Undefined, whatever their type says, where no file descriptor was left to make them of.
      const streams: readonly (Readable | null | undefined)[] = [child.stdout, child.stderr];
      for (const stream of streams) if (stream) readLines(stream, listener);
    },
    kill: () => void child.kill("SIGKILL"),
  };
}

function notStarted(thrown: unknown): Exit {
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
  return { code: null, signal: null, refusal: code };
}
