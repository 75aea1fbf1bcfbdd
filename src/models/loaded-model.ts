import type { Clock } from "../base/clock.ts";
import { ServeError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { ModelLoad, ModelMeter } from "../base/meter.ts";
import { retiredWorkerGraceMs } from "../base/shutdown-budget.ts";
import type { AnswerTo, ModelInfo, Question } from "../engines/engine.ts";
import { Queue } from "../scheduling/queue.ts";
import type { QueueState } from "../scheduling/counters.ts";
import type { GlobalLimit } from "../scheduling/global-limit.ts";
import { Pool } from "../workers/pool.ts";
import type { PoolState } from "../workers/pool.ts";
import type { Port } from "../workers/port.ts";
import type { WorkerTimeouts } from "../workers/worker-process.ts";
import type { Replica } from "../workers/replica.ts";
import type { Arbiter } from "../workers/shares.ts";
import type { Starts } from "../workers/starts.ts";
import type { JobRun } from "../jobs/job-run.ts";
import { JobRunner } from "../jobs/job-runner.ts";
import type { Fingerprint } from "../jobs/quarantine/fingerprint.ts";
import type { Manifest } from "../catalog/manifest.ts";
import { Digests } from "../catalog/digest.ts";
import { LoadedFiles } from "./loaded-files.ts";
import { loadingWait } from "./loading-wait.ts";
import { LoadingCalls } from "./loading-calls.ts";
import { jobModelOf } from "./job-model.ts";
import type { ModelStatus, ServingModel, WaitingCall } from "./model.ts";
import { backAt, stateOf } from "./model-state.ts";
import { Quarantine } from "../jobs/quarantine/quarantine.ts";
import type { Submission } from "../jobs/submission.ts";
import { sourceOf } from "./model-source.ts";
import { assertServing, retryAfter } from "./resolve.ts";

export interface LoadedModelOptions {
  readonly start: () => Port;
  readonly arbiter: Arbiter;
  readonly cores: number;
  /** Where its manifest states no limit. */
  readonly maxQueuedJobs: number;
  readonly maxQueuedTokens: number;
  readonly refusesLate: boolean;
  /** That of the whole server. */
  readonly globalLimit: GlobalLimit;
  /** Says when a worker may be started. */
  readonly starts: Pick<Starts, "ask">;
  /** How long it took to load the model that had its name before. */
  readonly lastLoadMs?: number;
  readonly timeouts: WorkerTimeouts;
  readonly fingerprint: Fingerprint;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: ModelMeter;
  /** Its status changed. */
  readonly onChange: (status: ModelStatus) => void;
  /** Loading got further, from 0 to 1. */
  readonly onProgress: (fraction: number) => void;
}

/** One model from the moment its loading begins: its workers, its queue, what is known of it. */
export class LoadedModel implements ServingModel {
  readonly #manifest: Manifest;
  readonly #options: LoadedModelOptions;
  readonly #pool: Pool;
  readonly #queue: Queue<Replica>;
  readonly #runner: JobRunner;
  readonly #files: LoadedFiles;
  #info: ModelInfo | undefined;
  #isClosing = false;
  #status: ModelStatus;
  /** When it is expected to serve, by the clock. */
  #backAt: number | undefined;
  readonly #loadingCalls: LoadingCalls;
  #loadingSince: number;
  #fraction = 0;

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
      globalLimit: options.globalLimit,
      refusesLate: options.refusesLate,
      now: options.clock.now,
    });
    const { globalLimit, clock, lastLoadMs } = options;
    this.#loadingSince = clock.now();
    this.#backAt = lastLoadMs === undefined ? undefined : this.#loadingSince + lastLoadMs;
    this.#loadingCalls = new LoadingCalls({
      bounds,
      globalLimit,
      retryAfterMs: () => retryAfter(this.status),
    });
    const quarantine = new Quarantine({ ...options, bounds, heldMs: () => this.#queue.heldMs });
    const model = jobModelOf(() => this.status);
    const { meter } = options;
    this.#runner = new JobRunner({ model, queue: this.#queue, quarantine, clock, meter });
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
        ...(manifest.python !== undefined && { python: manifest.python.command }),
        source: sourceOf(manifest, threads),
        maxStepMs: options.timeouts.stepMs,
      }),
      timeouts: options.timeouts,
      arbiter: options.arbiter,
      clock: options.clock,
      log: options.log,
      meter: options.meter,
      onChange: () => this.#update(),
      onFree: () => this.#queue.pump(),
      onDeath: (held) => quarantine.suspect(held),
    });
  }

  get status(): ModelStatus {
    const now = this.#options.clock.now();
    const leftMs = this.#backAt === undefined ? undefined : this.#backAt - now;
    if (this.#status.state === "loading") {
      const sinceMs = now - this.#loadingSince;
      const retryAfterMs = loadingWait({ sinceMs, fraction: this.#fraction, leftMs });
      return { ...this.#status, retryAfterMs };
    }
    return leftMs === undefined
      ? this.#status
      : { ...this.#status, retryAfterMs: Math.max(0, leftMs) };
  }

  /** How busy it is now. */
  get load(): ModelLoad {
    const { prefixes } = this.#pool;
    return {
      model: this.#manifest.name,
      isReady: this.#status.state === "ready",
      queuedJobs: this.#queue.state.waiting + this.#loadingCalls.size,
      runningJobs: this.#pool.jobs,
      slots: this.#pool.slots,
      ...this.#pool.memory,
      prefixBytes: prefixes.bytes,
      prefixLimitBytes: prefixes.limitBytes,
    };
  }

  /** Its worker processes. */
  get pids(): readonly number[] {
    return this.#pool.pids;
  }

  get queue(): QueueState {
    return this.#queue.state;
  }

  run(submission: Submission): JobRun {
    return this.#runner.run(submission);
  }

  async ask<Q extends Question>(question: Q, signal: AbortSignal): Promise<AnswerTo<Q>> {
    assertServing(this.status);
    return this.#pool.ask(question, signal);
  }

  /** Resolves when it loads no more, or has lost its name: look again. Throws QUEUE_FULL, or the signal's reason. */
  loaded(call: WaitingCall): Promise<void> {
    return this.#loadingCalls.wait(call);
  }

  /** Ends its workers once all jobs that it was given have ended; no more should come. */
  async retire(): Promise<void> {
    this.#loadingCalls.release();
    await this.#runner.idle();
    await this.close(retiredWorkerGraceMs);
  }

  /** Takes no more jobs, finishes those it has, and ends its workers, within about the grace. */
  async close(graceMs: number): Promise<void> {
    this.#isClosing = true;
    this.#update();
    await this.#pool.stop(graceMs);
  }

  /** Derives the status again, and acts on what changed. */
  #update(): void {
    const pool = this.#pool.state;
    if (pool.kind === "ready") this.#info = pool.info;
    if (pool.kind === "loading") {
      this.#fraction = pool.fraction;
      this.#options.onProgress(pool.fraction);
    }
    const before = this.#status;
    const now = this.#look(pool);
    this.#status = now;
    this.#backAt = backAt(now, pool) ?? this.#firstBackAt(now);
    if (now.state !== before.state) this.#loadingSince = this.#options.clock.now();
    if (now.state === before.state && now.digest === before.digest) return;
    if (now.state === "failed" && this.#backAt === undefined) void this.#pool.stop(0);
    if (now.state === "failed" || now.state === "unloading") this.#failWaiting();
    if (now.state !== "loading") this.#loadingCalls.release();
    this.#options.onChange(now);
  }

  /** Its first load: by that of the model that had its name before. */
  #firstBackAt({ state, info }: ModelStatus): number | undefined {
    const { lastLoadMs } = this.#options;
    if (state !== "loading" || info !== undefined || lastLoadMs === undefined) return undefined;
    return this.#loadingSince + lastLoadMs;
  }

  #look(pool: PoolState): ModelStatus {
    const { state, failure } = this.#stateOf(pool);
    const { digest } = this.#files;
    return { manifest: this.#manifest, digest, state, failure, info: this.#info };
  }

  #stateOf(pool: PoolState): Pick<ModelStatus, "state" | "failure"> {
    if (this.#isClosing) return { state: "unloading", failure: "" };
    // What has failed for good stays so, until an operator changes it.
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
