import { errorMessage } from "../base/text.ts";
import type { AnswerTo, KvMemory, ModelInfo, PrefixMemory, Question } from "../engines/engine.ts";
import type { Assignment, Held } from "./channel.ts";
import { describeExit, exitFields, exitOf, howEnded, type ProcessExit } from "./exit-reason.ts";
import type { CheckFiles, CheckLoaded } from "./files.ts";
import type { JobStream } from "./job-stream.ts";
import { WorkerProcess, type WorkerProcessOptions } from "./worker-process.ts";
import type { Exit } from "./port.ts";
import { type History, noHistory, type Verdict, verdict } from "./restart.ts";
import type { Starts } from "./starts.ts";

export type ReplicaState =
  /** Its process loads the model, `fraction` of it done, or waits to be started again. */
  | { readonly kind: "loading"; readonly fraction: number; readonly backAt: number | undefined }
  | { readonly kind: "ready"; readonly info: ModelInfo }
  /** It rests until it gets another try; where `backAt` is undefined, it was given up. */
  | { readonly kind: "failed"; readonly reason: string; readonly backAt: number | undefined }
  | { readonly kind: "stopped" };

export interface ReplicaOptions extends WorkerProcessOptions {
  /** Says when it may start its worker. */
  readonly starts: Pick<Starts, "ask">;
  /** Undefined where there is nothing to look after. */
  readonly checkFiles?: CheckFiles | undefined;
  /** Its state changed. */
  readonly onChange: () => void;
  /** Its worker died in service with these jobs, which have not been failed yet. */
  readonly onDeath: (held: readonly Held[]) => void;
}

/** Keeps one worker process of a model alive: starts it, watches it, starts it again. */
export class Replica {
  readonly #options: ReplicaOptions;
  #state: ReplicaState = { kind: "loading", fraction: 0, backAt: undefined };
  #history: History = noHistory;
  /** How long it took to load last: what a restart will take. */
  #loadMs: number | undefined;
  #life: WorkerProcess | undefined;
  #callOff: (() => void) | undefined;
  /** Gives back its turn to start, or its place among those that load. */
  #leaveStarts: () => void = () => undefined;
  #exited: () => void = () => undefined;

  constructor(options: ReplicaOptions) {
    this.#options = options;
    this.#askToStart();
  }

  get state(): ReplicaState {
    return this.#state;
  }

  /** Jobs that its worker holds. */
  get jobs(): number {
    return this.#life?.jobs ?? 0;
  }

  /** Batch jobs among them. */
  get batchJobs(): number {
    return this.#life?.batchJobs ?? 0;
  }

  /** Questions that its worker has not answered. */
  get questions(): number {
    return this.#life?.questions ?? 0;
  }

  /** Jobs that it can hold; zero while it is not ready. */
  get slots(): number {
    return this.#state.kind === "ready" ? this.#state.info.slots : 0;
  }

  /** Its engine's KV memory; undefined where there is none, or nothing is known of it yet. */
  get memory(): KvMemory | undefined {
    return this.#life?.holdings.memory;
  }

  /** What its engine keeps of prompts beyond that; undefined as for `memory`. */
  get prefixes(): PrefixMemory | undefined {
    return this.#life?.holdings.prefixes;
  }

  /** The worker's process, for the log and for tests. */
  get pid(): number | undefined {
    return this.#life?.pid;
  }

  /** Gives its worker a job at once. Call while `jobs` is below `slots`. */
  run(assignment: Assignment): JobStream {
    if (this.#life === undefined) throw new Error("bug: a job for a worker that does not run");
    return this.#life.run(assignment);
  }

  /** Asks its worker a question. Call while it is ready. */
  ask<Q extends Question>(question: Q, signal: AbortSignal): Promise<AnswerTo<Q>> {
    if (this.#life === undefined) throw new Error("bug: a question to a worker that does not run");
    return this.#life.ask(question, signal);
  }

  /** Ends the process: asks it, and kills it where it has not ended within the grace. */
  async stop(graceMs: number): Promise<void> {
    this.#callOff?.();
    this.#set({ kind: "stopped" });
    this.#leaveStarts();
    const life = this.#life;
    if (life === undefined) return;
    const exited = new Promise<void>((resolve) => (this.#exited = resolve));
    life.stop();
    const callOff = this.#options.clock.after(graceMs, () => {
      this.#options.log.warn({}, "worker did not stop in time; killed");
      life.kill();
    });
    await exited;
    callOff();
  }

  #askToStart(): void {
    const { starts, checkFiles } = this.#options;
    const isUrgent = this.#loadMs !== undefined;
    const start = (): void => {
      if (checkFiles === undefined) this.#start(undefined);
      else void this.#checkAndStart(checkFiles);
    };
    this.#leaveStarts = starts.ask({ isUrgent, start });
  }

  /** Starts no worker where the files are known to be wrong without one. */
  async #checkAndStart(checkFiles: CheckFiles): Promise<void> {
    try {
      const check = await checkFiles();
      if (this.#state.kind === "loading") this.#start(check);
    } catch (thrown) {
      if (this.#state.kind !== "loading") return;
      const loadFailure = errorMessage(thrown);
      const ended = { loadFailure, exit: notStarted, readyAt: undefined, killedFor: undefined };
      this.#decide(
        { ...ended, lines: [], pid: undefined },
        verdict({ kind: "load-failed" }, this.#history),
      );
    }
  }

  #start(check: CheckLoaded | undefined): void {
    const life: WorkerProcess = new WorkerProcess(this.#options, {
      onProgress: (fraction) => {
        if (this.#state.kind === "loading") this.#set({ ...this.#state, fraction });
      },
      onReady: (info, loadMs) => {
        if (check === undefined) this.#ready(info, loadMs);
        else void this.#checkLoaded(life, { check, info, loadMs });
      },
      onEnd: (ended) => this.#end(life, ended),
    });
    this.#life = life;
  }

  async #checkLoaded(
    life: WorkerProcess,
    loaded: { readonly check: CheckLoaded; readonly info: ModelInfo; readonly loadMs: number },
  ): Promise<void> {
    try {
      await loaded.check(loaded.info);
    } catch (thrown) {
      life.refuse(errorMessage(thrown));
      return;
    }
    // It can have ended meanwhile.
    if (this.#life === life) this.#ready(loaded.info, loaded.loadMs);
  }

  #ready(info: ModelInfo, loadMs: number): void {
    // It was told to stop meanwhile.
    if (this.#state.kind !== "loading") return;
    this.#leaveStarts();
    this.#loadMs = loadMs;
    this.#set({ kind: "ready", info });
    this.#options.onFree();
  }

  #end(life: WorkerProcess, ended: ProcessExit): void {
    this.#life = undefined;
    if (this.#state.kind === "stopped") {
      this.#exited();
      return;
    }
    const { held, pid } = life;
    if (held.length > 0) this.#options.onDeath(held);
    const now = this.#options.clock.now();
    this.#decide({ ...ended, pid }, verdict(exitOf(ended, now), this.#history));
  }

  #decide(ended: ProcessExit & Pick<WorkerProcess, "pid">, decided: Verdict): void {
    this.#leaveStarts();
    const { clock, log } = this.#options;
    const reason = describeExit(ended);
    const fields = { workerPid: ended.pid, ...exitFields(ended), printed: ended.lines };
    if (decided.kind === "give-up") {
      log.error({ ...fields, failure: reason }, "worker could not load the model; given up");
      this.#set({ kind: "failed", reason, backAt: undefined });
      return;
    }
    const { waitMs, history } = decided;
    this.#history = history;
    this.#options.meter.restarted();
    const backAt = clock.now() + waitMs + (this.#loadMs ?? 0);
    if (decided.kind === "rest") {
      const message = "worker keeps ending; it rests before the next try";
      log.error({ ...fields, failure: reason, waitMs }, message);
      this.#set({ kind: "failed", reason, backAt });
    } else {
      log.warn({ ...fields, how: howEnded(ended), waitMs }, "worker exited; starting another");
      this.#set(this.#restarting(waitMs));
    }
    this.#callOff = clock.after(waitMs, () => {
      this.#set(this.#restarting(0));
      this.#askToStart();
    });
  }

  #restarting(waitMs: number): ReplicaState {
    const { clock } = this.#options;
    const backAt = this.#loadMs === undefined ? undefined : clock.now() + waitMs + this.#loadMs;
    return { kind: "loading", fraction: 0, backAt };
  }

  #set(state: ReplicaState): void {
    this.#state = state;
    this.#options.onChange();
  }
}

const notStarted: Exit = { code: null, signal: null };
