import { randomBytes } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { systemClock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { type Meter, type ModelLoad, silentMeter } from "../base/meter.ts";
import type { Task } from "../engines/engine.ts";
import type { QueueState } from "../scheduling/counters.ts";
import { GlobalLimit } from "../scheduling/global-limit.ts";
import { forkWorker } from "../workers/port.ts";
import type { Environment } from "../base/environment.ts";
import type { Port } from "../workers/port.ts";
import type { WorkerTimeouts } from "../workers/worker-process.ts";
import { Arbiter } from "../workers/shares.ts";
import { Starts } from "../workers/starts.ts";
import type { Changes } from "./changes.ts";
import { fingerprintWith } from "../jobs/quarantine/fingerprint.ts";
import { LoadedModel } from "./loaded-model.ts";
import type { Manifest } from "../catalog/manifest.ts";
import type { Models, ModelStatus, ServingModel, WaitingCall } from "./model.ts";
import { chooseModel, meantModel } from "./resolve.ts";
import type { DefaultModels } from "./resolve.ts";
import { engineText } from "./engine-text.ts";
import { Lifecycle } from "./lifecycle.ts";
import { slotsOf } from "./slots.ts";

export interface RegistryOptions {
  /** The machine's cores that all workers share. */
  readonly cores: number;
  /** The environment of the worker processes. */
  readonly environment: Environment;
  readonly defaults: DefaultModels;
  /** Jobs, and their tokens, that may wait for a model whose manifest states no limit. */
  readonly maxQueuedJobs: number;
  readonly maxQueuedTokens: number;
  /** Jobs, and their tokens, that may wait for all models together. */
  readonly maxQueuedJobsTotal: number;
  readonly maxQueuedTokensTotal: number;
  /** Refuses calls that cannot get anything before their deadline. */
  readonly refusesLate: boolean;
  readonly timeouts: WorkerTimeouts;
  readonly log: Log;
  /** Undefined counts nothing. */
  readonly meter?: Meter;
  /** For tests. */
  readonly clock?: Clock;
  /** For tests: how a worker process is started. */
  readonly start?: (environment: Environment) => Port;
}

/** All models of a server, and the only owner of their workers. */
export interface Registry extends Models {
  /** Begins to load a model; its status tells how that goes. Throws for a name that is taken. */
  load(manifest: Manifest): void;
  /**
   * Begins to have just these models. One that is new is loaded. One that is not among them is unknown to calls from
   * now on, listed as unloading, and ends when its calls have. One whose manifest has changed serves as it was until it can be replaced,
   * for good where the changed one fails. Others are left alone, unless they were given up.
   */
  change(manifests: readonly Manifest[]): Changes;
  /** How busy each model is now. */
  loads(): readonly ModelLoad[];
  /** The model's worker processes; for tests and for the curious. */
  pidsOf(name: string): readonly number[];
  /** What waits for a model, and what became of others; undefined for an unknown name. */
  queueOf(name: string): QueueState | undefined;
  /** Calls with a model's status whenever it has changed. The result ends that. */
  onChange(listener: (status: ModelStatus) => void): () => void;
  /** Calls with how far a model has loaded, from 0 to 1. The result ends that. */
  onProgress(listener: (name: string, fraction: number) => void): () => void;
  /** Takes no more jobs, finishes what runs, and ends all workers, within about the grace. */
  close(graceMs: number): Promise<void>;
}

export function openRegistry(options: RegistryOptions): Registry {
  return new OpenRegistry(options);
}

class OpenRegistry implements Registry {
  readonly #options: RegistryOptions;
  readonly #clock: Clock;
  readonly #arbiter: Arbiter;
  readonly #starts: Starts;
  readonly #globalLimit: GlobalLimit;
  readonly #fingerprint = fingerprintWith(randomBytes(32));
  readonly #lifecycle: Lifecycle;
  /** How long it took to load each name's model last. */
  readonly #loadMs = new Map<string, number>();
  readonly #changeListeners = new Set<(status: ModelStatus) => void>();
  readonly #progressListeners = new Set<(name: string, fraction: number) => void>();

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#arbiter = new Arbiter(options.cores);
    const places = Math.max(leastLoading, options.cores);
    this.#starts = new Starts({ places, turn: nextRetryAt });
    const { maxQueuedJobsTotal: jobs, maxQueuedTokensTotal: tokens } = options;
    this.#globalLimit = new GlobalLimit({ jobs, tokens });
    this.#lifecycle = new Lifecycle({
      open: (manifest) => this.#open(manifest),
      tell: (status) => {
        for (const listener of this.#changeListeners) listener(status);
      },
      log: options.log,
    });
  }

  load(manifest: Manifest): void {
    this.#lifecycle.add(manifest);
  }

  change(manifests: readonly Manifest[]): Changes {
    return this.#lifecycle.change(manifests);
  }

  #open(manifest: Manifest): LoadedModel {
    const { name } = manifest;
    const { environment, start = forkWorker, ...shared } = this.#options;
    const log = this.#options.log.child({ model: name });
    let beganAt = this.#clock.now();
    const lastLoadMs = this.#loadMs.get(name);
    const model: LoadedModel = new LoadedModel(manifest, {
      ...shared,
      ...(lastLoadMs !== undefined && { lastLoadMs }),
      start: () => start(environment),
      arbiter: this.#arbiter,
      starts: this.#starts,
      globalLimit: this.#globalLimit,
      fingerprint: this.#fingerprint,
      clock: this.#clock,
      log,
      meter: (this.#options.meter ?? silentMeter).model(name),
      onChange: (status) => {
        // Again: its workers have ended.
        if (status.state === "loading") beganAt = this.#clock.now();
        const sinceLoadMs = this.#clock.now() - beganAt;
        if (status.state === "ready") this.#loadMs.set(name, sinceLoadMs);
        report(log, status, sinceLoadMs);
        this.#lifecycle.changed(model);
      },
      onProgress: (fraction) => {
        for (const listener of this.#progressListeners) listener(name, fraction);
      },
    });
    return model;
  }

  list(): readonly ModelStatus[] {
    return byName(this.#lifecycle.statuses);
  }

  loads(): readonly ModelLoad[] {
    return this.#lifecycle.loads;
  }

  find(name: string): ModelStatus | undefined {
    return this.#lifecycle.statuses.find(({ manifest }) => manifest.name === name);
  }

  get #present(): readonly ModelStatus[] {
    return byName(this.#lifecycle.models.map(({ status }) => status));
  }

  choose(name: string, task: Task): ModelStatus {
    return meantModel({ name, task }, this.#present, this.#options.defaults);
  }

  async loaded(name: string, call: WaitingCall): Promise<boolean> {
    let hasWaited = false;
    // Again: another may have taken the name, and load as well.
    for (;;) {
      const model = this.#lifecycle.get(name);
      if (model?.status.state !== "loading") return hasWaited;
      await model.loaded(call);
      hasWaited = true;
    }
  }

  resolve(name: string, task: Task): ServingModel {
    const { manifest } = chooseModel({ name, task }, this.#present, this.#options.defaults);
    const model = this.#lifecycle.get(manifest.name);
    if (model === undefined) throw new Error("bug: a chosen model is not there");
    return model;
  }

  queueOf(name: string): QueueState | undefined {
    return this.#lifecycle.get(name)?.queue;
  }

  pidsOf(name: string): readonly number[] {
    return this.#lifecycle.get(name)?.pids ?? [];
  }

  onChange(listener: (status: ModelStatus) => void): () => void {
    this.#changeListeners.add(listener);
    return () => this.#changeListeners.delete(listener);
  }

  onProgress(listener: (name: string, fraction: number) => void): () => void {
    this.#progressListeners.add(listener);
    return () => this.#progressListeners.delete(listener);
  }

  close(graceMs: number): Promise<void> {
    return this.#lifecycle.close(graceMs);
  }
}

/** So many may load at once on however few cores: one that hangs there must not keep all others waiting. */
const leastLoading = 2;

/** A timer, since what is set for the same turn's end comes before that turn's callers. */
const nextRetryAt = (call: () => void): void => void systemClock.after(0, call);

function byName(statuses: readonly ModelStatus[]): readonly ModelStatus[] {
  return statuses.toSorted((a, b) => (a.manifest.name < b.manifest.name ? -1 : 1));
}

function report(log: Log, status: ModelStatus, sinceLoadMs: number): void {
  const { state, failure, digest, info, manifest } = status;
  const python = manifest.python && { python: manifest.python.command };
  switch (state) {
    case "ready": {
      const room = { slots: slotsOf(status), contextLength: info?.contextLength };
      const afterMs = Math.round(sinceLoadMs);
      const runs = { engine: engineText(status), ...python };
      log.info({ ...(digest && { digest }), ...room, ...runs, afterMs }, "model ready");
      return;
    }
    case "failed":
      log.error({ failure, ...python }, "model failed");
      return;
    case "loading":
    case "unloading":
      log.debug({}, `model ${state}`);
  }
}
