/** Runs the real `bin/inferd` as a process of its own. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export const binary = fileURLToPath(new URL("../../bin/inferd", import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  /** Standard input; undefined leaves it empty and closed. */
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Another path to it, from `cwd`. */
  readonly binary?: string;
}

export function start(args: readonly string[], options: RunOptions = {}): Running {
  const child = spawn(options.binary ?? binary, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: "pipe",
  });
  child.stdin.end(options.input ?? "");
  return new Running(child);
}

/** Runs inferd to its end. */
export function inferd(args: readonly string[], options?: RunOptions): Promise<Outcome> {
  return start(args, options).ended;
}

export class Running {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Outcome>;
  #out = "";
  #err = "";

  constructor(child: ChildProcessWithoutNullStreams) {
    this.child = child;
    child.stdout.setEncoding("utf8").on("data", (text: string) => (this.#out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (this.#err += text));
    this.ended = once(child, "close").then(([code]) => ({
      code: code as number | null,
      out: this.#out,
      err: this.#err,
    }));
  }

  /** Fulfilled once either output holds the text, with all of both; fails where the process ends without it. */
  printed(text: string): Promise<string> {
    const { stdout, stderr } = this.child;
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const all = this.#out + this.#err;
        if (all.includes(text)) resolve(all);
      };
      for (const stream of [stdout, stderr]) stream.on("data", look);
      this.child.once("close", () => {
        look();
        reject(new Error(`ended without printing ${text}: ${this.#err}`));
      });
      look();
    });
  }
}
