/**
 * An engine without a model, for tests and demonstrations: each prompt is a script (script.ts) of
 * what to say and when, and how to go wrong. Gates let a test shake hands with it: a job that waits
 * goes on when another job has opened its gate. Texts to embed, rank and classify are scripts too; their
 * vectors and scores are a hash of the text.
 *
 * The manifest's options: `slots`, `dimensions`, `labels` (of classes; it ranks only where there are some), `batch` (vectors a step), `step_ms` (how long a step
 * takes), `prefix_bytes` (how much of prompts it remembers, see prefixes.ts), and for loading
 * `load_fail` (a message), `load_exit` (an exit code), `load_exits` with `loads_file` (so many loads
 * end the process; each adds a line to the file), `load_gate` (a file that must exist before loading
 * ends).
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { exit, kill, pid } from "node:process";
import { setTimeout as after } from "node:timers/promises";
import koffi from "koffi";
import { ServeError } from "../../base/errors.ts";
import type { Engine, EngineHost, Job, LoadEngine, ModelInfo, StepEvent } from "../engine.ts";
import { ScriptedJob } from "./job.ts";
import { ScriptedPrefixes } from "./prefixes.ts";
import type { Disaster } from "./script.ts";

interface Options {
  readonly slots: number;
  readonly dimensions: number;
  readonly labels: readonly string[];
  readonly batch: number;
  readonly stepMs: number;
  readonly prefixBytes: number;
}

export const load: LoadEngine = async (source, host) => {
  const number = (key: string, otherwise: number): number => {
    const value = source.options[key] ?? otherwise;
    if (typeof value !== "number") throw new Error(`options.${key} must be a number`);
    return value;
  };
  await actOutLoading(source.options, host);
  const contextLength = source.contextLength ?? 4096;
  const options = {
    slots: source.maxSequences ?? number("slots", 64),
    dimensions: number("dimensions", 8),
    labels: labelsIn(source.options["labels"]),
    batch: number("batch", 8),
    stepMs: number("step_ms", 0),
    prefixBytes: number("prefix_bytes", 0),
  };
  return new ScriptedEngine(infoOf(options, contextLength), options, host);
};

function infoOf(options: Options, contextLength: number): ModelInfo {
  return {
    tasks: {
      generate: { chat: true },
      embed: { dimensions: options.dimensions, pooling: "mean" },
      ...(options.labels.length > 0 && {
        rerank: {},
        classify: { labels: options.labels, multiLabel: true },
      }),
    },
    contextLength,
    vocabularySize: 32_000,
    license: "",
    slots: options.slots,
    libraries: [{ name: "scripted", version: "1" }],
  };
}

function labelsIn(stated: unknown): readonly string[] {
  return Array.isArray(stated) ? stated.map(String) : [];
}

async function actOutLoading(
  options: Readonly<Record<string, unknown>>,
  host: EngineHost,
): Promise<void> {
  const { load_fail, load_exit, load_exits, loads_file, load_gate } = options;
  host.progress(0);
  if (typeof loads_file === "string") {
    appendFileSync(loads_file, "load\n");
    const loads = readFileSync(loads_file, "utf8").split("\n").length - 1;
    if (typeof load_exits === "number" && loads <= load_exits) exit(1);
  }
  if (typeof load_exit === "number") exit(load_exit);
  while (typeof load_gate === "string" && !existsSync(load_gate)) await after(5);
  if (typeof load_fail === "string") throw new Error(load_fail);
  host.progress(1);
}

class ScriptedEngine implements Engine {
  readonly info: ModelInfo;
  readonly #options: Options;
  readonly #host: EngineHost;
  readonly #jobs = new Map<number, ScriptedJob>();
  readonly #paused = new Set<number>();
  readonly #gates = new Set<string>();
  stepJobs = 0;
  readonly prefixes: ScriptedPrefixes;

  constructor(info: ModelInfo, options: Options, host: EngineHost) {
    this.info = info;
    this.#options = options;
    this.#host = host;
    this.prefixes = new ScriptedPrefixes(options.prefixBytes);
  }

  get busy(): boolean {
    return this.#runnable().length > 0;
  }

  add(id: number, job: Job): void {
    const { contextLength } = this.info;
    const { batch, dimensions, labels } = this.#options;
    const now = () => this.#host.now();
    const scripted = new ScriptedJob(job, {
      dimensions,
      labels: labels.length,
      batch,
      prefixes: this.prefixes,
      now,
    });
    const { promptTokens } = scripted;
    const isTooLong = job.kind === "completion" && promptTokens > job.maxPromptTokens;
    if (isTooLong || (job.kind === "completion" && promptTokens >= contextLength)) {
      throw new ServeError("PROMPT_TOO_LONG", "the prompt leaves no room in the model's context", {
        facts: {
          promptTokens: String(promptTokens),
          contextLength: String(contextLength),
        },
      });
    }
    this.#jobs.set(id, scripted);
  }

  cancel(id: number): void {
    this.#jobs.delete(id);
    this.#paused.delete(id);
  }

  pause(id: number): void {
    this.#paused.add(id);
  }

  resume(id: number): void {
    this.#paused.delete(id);
  }

  async step(): Promise<readonly StepEvent[]> {
    if (this.#options.stepMs > 0) await after(this.#options.stepMs);
    const running = this.#runnable();
    this.stepJobs = running.length;
    const given: StepEvent[] = [];
    for (const [id, job] of running) {
      for (const event of job.step({ gates: this.#gates, disaster, together: running.length })) {
        given.push({ id, event });
      }
      if (job.isLying) given.push({ id: 2 ** 31, event: { kind: "piece", text: "a lie" } });
      if (job.isOver) this.cancel(id);
    }
    return given;
  }

  setThreads(): void {
    // A script needs none.
  }

  close(): void {
    this.#jobs.clear();
  }

  #runnable(): [number, ScriptedJob][] {
    return [...this.#jobs].filter(([id, job]) => !this.#paused.has(id) && job.canRun(this.#gates));
  }
}

/** Ends the step, or the process, in the way asked for. */
function disaster(how: Disaster, code: number): never {
  switch (how) {
    case "throw":
      throw new Error("the script said throw");
    case "exit":
      return exit(code);
    case "crash":
      kill(pid, "SIGKILL");
      break;
    case "segfault":
      // Nothing is mapped there.
      koffi.decode(8n, "int");
      break;
    case "exhaust":
      return exhaust();
    case "hang":
      break;
  }
  // The kill is on its way, or never comes: this thread does nothing more either way.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

/** Fills V8's heap, which ends the process. Whoever wants that soon sets `--max-old-space-size`. */
function exhaust(): never {
  const kept: unknown[] = [];
  for (;;) kept.push(new Array(10_000).fill({}));
}
