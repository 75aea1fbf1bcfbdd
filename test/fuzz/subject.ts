import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

/** Scripted models answer at once, also where a key is asked for; real ones are those that come with inferd. */
export type Kind = "scripted" | "keyed" | "real";

/** How the server stands, after everything that can be freed was. */
export interface Measure {
  readonly heapBytes: number;
  readonly handles: number;
  /** Lines of its log that may not be there. */
  readonly problems: readonly string[];
}

/** The server that is fuzzed. */
export interface Subject {
  readonly address: string;
  /** Rejects where it has ended. */
  measure(): Promise<Measure>;
  /** Resolves with its exit code, once it has drained and ended by itself. */
  stop(): Promise<number | null>;
}

export async function startSubject(kind: Kind): Promise<Subject> {
  const child = fork("test/fuzz/server.ts", [kind], { stdio: ["ignore", "ignore", "pipe", "ipc"] });
  const said: string[] = [];
  child.stderr?.on("data", (chunk: Buffer) => said.push(chunk.toString()));
  const end = (): void => void child.kill("SIGKILL");
  process.once("exit", end);
  child.once("exit", () => process.off("exit", end));
  const { address } = (await answerOf(child, said)) as { address: string };
  return {
    address,
    measure: () => {
      const measured = answerOf(child, said);
      if (child.connected) child.send("measure");
      // The child sends nothing else when it is asked.
      return measured as Promise<Measure>;
    },
    stop: async () => {
      if (!child.connected) return child.exitCode;
      const ended = once(child, "exit");
      child.send("stop");
      const [code] = (await ended) as [number | null];
      return code;
    },
  };
}

/** The next message of a child, or the reason that there will be none. */
function answerOf(child: ChildProcess, said: readonly string[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const fail = (): void => {
      const how = child.signalCode ?? `code ${child.exitCode}`;
      reject(new Error(`the server has ended with ${how}: ${said.join("").slice(-2000)}`));
    };
    if (child.exitCode !== null || child.signalCode !== null) fail();
    child.once("exit", fail);
    child.once("message", (message) => {
      child.off("exit", fail);
      resolve(message);
    });
  });
}
