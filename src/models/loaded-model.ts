import type { Clock } from "../base/clock.ts";
import { ServeError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { ModelLoad, ModelMeter } from "../base/meter.ts";
import type { ModelInfo, ModelSource } from "../engines/engine.ts";
import { Queue } from "../scheduling/queue.ts";
import type { QueueState } from "../scheduling/tally.ts";
import type { WaitingRoom } from "../scheduling/waiting-room.ts";
import type { WorkerEvent } from "../workers/messages.ts";
import { Pool } from "../workers/pool.ts";
import type { PoolState } from "../workers/pool.ts";
import type { Port } from "../workers/port.ts";
import type { Patience } from "../workers/life.ts";
import type { Replica } from "../workers/replica.ts";
import type { Arbiter } from "../workers/shares.ts";
import type { Starts } from "../workers/starts.ts";
import type { Fingerprint } from "./fingerprint.ts";
import type { Manifest } from "./manifest.ts";
import type { ModelStatus, ServingModel, Submission } from "./model.ts";
import { Digests } from "./digest.ts";
import { LoadedFiles } from "./loaded-files.ts";
import { Quarantine } from "./quarantine.ts";
import { assertServing } from "./resolve.ts";
import { Runs } from "./runs.ts";

export interface LoadedModelOptions {
  readonly start: () => Port;
  readonly arbiter: Arbiter;
  readonly cores: number;
  /** Where its manifest states no limit. */
  readonly maxQueuedJobs: number;
  readonly maxQueuedTokens: number;
  readonly refusesLate: boolean;
  /** That of the whole server. */
  readonly room: WaitingRoom;
  /** Says when a worker may be started. */
  readonly starts: Pick<Starts, "ask">;
  readonly patience: Patience;
  readonly fingerprint: Fingerprint;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: ModelMeter;
  /** Its status changed. */
  readonly onChange: (status: ModelStatus) => void;
  /** Loading got further, from 0 to 1. */
  readonly onProgress: (fraction: number) => void;
}

/** For workers that have no jobs left to free their memory in order. */
const retireGraceMs = 2000;

/** One model from the moment its loading begins: its workers, its queue, what is known of it. */
export class LoadedModel implements ServingModel {
  readonly #manifest: Manifest;
  readonly #options: LoadedModelOptions;
  readonly #pool: Pool;
  readonly #queue: Queue<Replica>;
  readonly #runs: Runs;
  readonly #files: LoadedFiles;
  #info: ModelInfo | undefined;
  #isClosing = false;
  #status: ModelStatus;
  /** When it is expected to serve, by the clock. */
  #backAt: number | undefined;

  constructor(manifest: Manifest, options: LoadedModelOptions) {
    this.#manifest = manifest;
    this.#options = options;
    this.#status = { manifest, digest: "", state: "loading", failure: "", info: undefined };
    const bounds = {
      jobs: manifest.limits.maxQueuedJobs ?? options.maxQueuedJobs,
      tokens: manifest.limits.maxQueuedTokens ?? options.maxQueuedTokens,
    };
    this.#queue = new Queue({
      take: (priority, wanted) => this.#pool.take(priority, wanted),
      slots: () => this.#pool.slots,
      bounds,
      room: options.room,
      refusesLate: options.refusesLate,
      now: options.clock.now,
    });
    const quarantine = new Quarantine({ ...options, bounds, heldMs: () => this.#queue.heldMs });
    this.#runs = new Runs({ ...options, queue: this.#queue, quarantine, look: () => this.status });
    this.#files = new LoadedFiles({
      manifest,
      digests: new Digests(),
      serves: () => this.#pool.state.kind === "ready",
    });
    this.#pool = new Pool({
      checkFiles: this.#files.check,
      starts: options.starts,
      replicas: manifest.replicas,
      threads: manifest.threads ?? options.cores,
      start: options.start,
      load: (threads) => ({
        kind: "load",
        engine: manifest.engine,
        source: sourceOf(manifest, threads),
      }),
      patience: options.patience,
      arbiter: options.arbiter,
      clock: options.clock,
      log: options.log,
      meter: options.meter,
      onChange: () => this.#update(),
      onFree: () => this.#queue.pump(),
      onDeath: (held) => quarantine.blame(held),
    });
  }

  get status(): ModelStatus {
    if (this.#backAt === undefined) return this.#status;
    const retryAfterMs = Math.max(0, this.#backAt - this.#options.clock.now());
    return { ...this.#status, retryAfterMs };
  }

  /** How busy it is now. */
  get load(): ModelLoad {
    return {
      model: this.#manifest.name,
      isReady: this.#status.state === "ready",
      queuedJobs: this.#queue.state.waiting,
      runningJobs: this.#pool.jobs,
      slots: this.#pool.slots,
      ...this.#pool.memory,
    };
  }

  /** Its worker processes. */
  get pids(): readonly number[] {
    return this.#pool.pids;
  }

  get queue(): QueueState {
    return this.#queue.state;
  }

  run(submission: Submission): AsyncGenerator<WorkerEvent, void> {
    return this.#runs.run(submission);
  }

  /** Ends its workers once all jobs that it was given have ended; no more should come. */
  async retire(): Promise<void> {
    await this.#runs.idle();
    await this.close(retireGraceMs);
  }

  /** Takes no more jobs, finishes those it has, and ends its workers, within about the grace. */
  async close(graceMs: number): Promise<void> {
    this.#isClosing = true;
    this.#update();
    await this.#pool.stop(graceMs);
  }

  /** Derives the status anew, and acts on what changed. */
  #update(): void {
    const pool = this.#pool.state;
    if (pool.kind === "ready") this.#info = pool.info;
    if (pool.kind === "loading") this.#options.onProgress(pool.fraction);
    const before = this.#status;
    const now = this.#look(pool);
    this.#status = now;
    this.#backAt = backAt(now, pool);
    if (now.state === before.state && now.digest === before.digest) return;
    if (now.state === "failed" && this.#backAt === undefined) void this.#pool.stop(0);
    if (now.state === "failed" || now.state === "unloading") this.#failWaiting();
    this.#options.onChange(now);
  }

  #look(pool: PoolState): ModelStatus {
    const { state, failure } = this.#stateOf(pool);
    const { digest } = this.#files;
    return { manifest: this.#manifest, digest, state, failure, info: this.#info };
  }

  #stateOf(pool: PoolState): Pick<ModelStatus, "state" | "failure"> {
    if (this.#isClosing) return { state: "unloading", failure: "" };
    // What has failed for good stays so: somebody has to look at it.
    if (this.#status.state === "failed" && this.#backAt === undefined) return this.#status;
    return stateOf(this.#manifest, pool);
  }

  #failWaiting(): void {
    try {
      assertServing(this.status);
    } catch (thrown) {
      this.#queue.fail(ServeError.from(thrown));
    }
  }
}

/** A model that fails for a reason of its own does not come back with its workers. */
function backAt({ state, failure }: ModelStatus, pool: PoolState): number | undefined {
  if (pool.kind === "loading") return state === "loading" ? pool.backAt : undefined;
  return pool.kind === "failed" && failure === pool.reason ? pool.backAt : undefined;
}

function stateOf(manifest: Manifest, pool: PoolState): Pick<ModelStatus, "state" | "failure"> {
  if (pool.kind === "failed") return { state: "failed", failure: pool.reason };
  if (pool.kind !== "ready") return { state: "loading", failure: "" };
  if (!pool.info.tasks.includes(manifest.task)) {
    const failure = `its manifest says ${manifest.task}, but it can only ${pool.info.tasks.join(", ")}`;
    return { state: "failed", failure };
  }
  return { state: "ready", failure: "" };
}

/** What a worker is told of a model. */
export function sourceOf(manifest: Manifest, threads: number): ModelSource {
  const { name, files, chatTemplate, limits, options } = manifest;
  return {
    name,
    files: Object.fromEntries(Object.entries(files).map(([role, { path }]) => [role, path])),
    chatTemplate,
    contextLength: limits.contextLength,
    maxSequences: limits.maxSequences,
    options,
    threads,
  };
}
