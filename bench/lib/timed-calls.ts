/**
 * A client in another language, as a process of its own: it is told once which calls to begin when, begins
 * with others at a word, and tells at the end what became of each. Lines of JSON go to and fro; requests are
 * whole messages, so that what is asked is the same in every language.
 */
import { createInterface } from "node:readline";
import { startProcess, stopProcess } from "./child.ts";

/** How such a client is started. */
export interface Launch {
  readonly file: string;
  readonly parameters: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Plan {
  readonly address: string;
  /** A gRPC service config, such as one with a retry policy. */
  readonly serviceConfig: string;
  readonly deadlineMs: number;
  /** The most that may be open at once: others wait. Undefined for all. */
  readonly streams?: number;
  /** What has not begun by then never does, and is not told of. Undefined for any time. */
  readonly untilMs?: number;
  readonly calls: readonly PlannedCall[];
}

interface PlannedCall {
  /** From when all begin, ascending. */
  readonly atMs: number;
  /** A GenerateRequest's bytes. */
  readonly request: Uint8Array;
}

/** What became of a call; times from when all began. */
interface ToldCall {
  readonly sentMs: number;
  readonly endMs: number;
  /** A gRPC code's name. */
  readonly code: string;
  /** From the arrival of the attempt that was served to its first token, as the server says. */
  readonly firstTokenMs?: number;
}

export interface TimedClient {
  readonly pid: number;
  /** Of its gRPC library. */
  readonly version: string;
  /** Begins, and gives what became of each call that it has begun, in the plan's order. */
  call(): Promise<readonly ToldCall[]>;
  stop(): Promise<void>;
}

/** Starts a client and waits until it is connected; throws where it ends before. */
export async function startTimedCalls(
  { file, parameters, environment }: Launch,
  { calls, ...plan }: Plan,
): Promise<TimedClient> {
  const child = startProcess(file, parameters, {
    env: { ...process.env, ...environment },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const { pid, stdin, stdout } = child;
  if (pid === undefined || stdin === null || stdout === null) {
    throw new Error(`${file} could not be started`);
  }
  // One that ends is told by its output.
  stdin.on("error", () => undefined);
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const line = await lines.next();
    if (line.done === true) throw new Error(`${file} ${parameters.join(" ")} ended too early`);
    return JSON.parse(line.value);
  };
  const stop = (): Promise<void> => stopProcess(child);
  try {
    const planned = calls.map(({ atMs, request }) => {
      return { atMs, request: Buffer.from(request).toString("base64") };
    });
    stdin.write(`${JSON.stringify({ ...plan, calls: planned })}\n`);
    // Our own clients write these lines.
    const { version } = (await next()) as { readonly version: string };
    const call = async (): Promise<readonly ToldCall[]> => {
      stdin.write("begin\n");
      return (await next()) as readonly ToldCall[];
    };
    return { pid, version, call, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
