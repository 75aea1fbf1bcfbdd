/**
 * Which model has which name, and what becomes of those that lose theirs. A model that changes is replaced only
 * when the new one serves; whoever leaves finishes what it has begun.
 */
import type { Log } from "../base/log.ts";
import type { ModelLoad } from "../base/meter.ts";
import { type Changes, changesTo, isAsWanted } from "./changes.ts";
import type { LoadedModel } from "./loaded-model.ts";
import type { Manifest } from "../catalog/manifest.ts";
import type { ModelStatus } from "./model.ts";

export interface LifecycleOptions {
  /** Begins to load a model, which says each change of its status to `changed`. */
  readonly open: (manifest: Manifest) => LoadedModel;
  /** What a name stands for has changed. */
  readonly tell: (status: ModelStatus) => void;
  readonly log: Log;
}

/** Owns a server's models. */
export class Lifecycle {
  readonly #options: LifecycleOptions;
  readonly #models = new Map<string, LoadedModel>();
  /** They load to take the place of the model of their name. */
  readonly #successors = new Map<string, LoadedModel>();
  readonly #leaving = new Set<LoadedModel>();

  constructor(options: LifecycleOptions) {
    this.#options = options;
  }

  /** Those that have a name, in no order. */
  get models(): readonly LoadedModel[] {
    return [...this.#models.values()];
  }

  /** How all stand, in no order. Those that have lost their name to no other are there until they have ended. */
  get statuses(): readonly ModelStatus[] {
    const all = [...[...this.#leaving].map(leaving), ...this.models.map(({ status }) => status)];
    return [...new Map(all.map((status) => [status.manifest.name, status])).values()];
  }

  /** How busy each name's models are: the one that has it, and those that have lost it and still finish. */
  get loads(): readonly ModelLoad[] {
    const leaving = [...this.#leaving].map(({ load }) => ({ ...load, isReady: false }));
    const all = [...leaving, ...this.models.map(({ load }) => load)];
    const byName = Map.groupBy(all, ({ model }) => model);
    return [...byName.values()].map((loads) => loads.reduce(sum));
  }

  get(name: string): LoadedModel | undefined {
    return this.#models.get(name);
  }

  add(manifest: Manifest): void {
    const { name } = manifest;
    if (this.#models.has(name)) throw new Error(`bug: the model ${name} is loaded already`);
    const model = this.#options.open(manifest);
    this.#models.set(name, model);
    this.#options.tell(model.status);
  }

  /** Begins to have just these. */
  change(manifests: readonly Manifest[]): Changes {
    for (const manifest of manifests) {
      const status = this.#models.get(manifest.name)?.status;
      // What was to take its place is not wanted any more.
      if (status !== undefined && isAsWanted(status, manifest)) this.#dropSuccessor(manifest.name);
    }
    const newest = [...this.#models].map(([name, model]) => this.#successors.get(name) ?? model);
    const statuses = newest.map(({ status }) => status);
    const changes = changesTo(manifests, statuses);
    for (const name of changes.unload) this.#remove(name);
    for (const manifest of changes.load) this.add(manifest);
    for (const manifest of changes.replace) this.#replace(manifest);
    return changes;
  }

  /** A model's status has changed. */
  changed(model: LoadedModel): void {
    const { status } = model;
    const { name } = status.manifest;
    if (this.#models.get(name) === model) this.#options.tell(status);
    if (this.#successors.get(name) !== model) return;
    if (status.state === "ready") this.#succeed(name);
    // Also where it would be tried again: what serves is not kept in doubt, nor the memory of two.
    if (status.state !== "failed") return;
    const log = this.#options.log.child({ model: name });
    log.error({}, "the changed model is not taken; the one before it serves on");
    this.#dropSuccessor(name);
  }

  /** Ends all of them, within about the grace. */
  async close(graceMs: number): Promise<void> {
    const all = [...this.#models.values(), ...this.#successors.values(), ...this.#leaving];
    await Promise.all(all.map((model) => model.close(graceMs)));
  }

  #remove(name: string): void {
    const model = this.#models.get(name);
    if (model === undefined) throw new Error("bug: a model to unload is not there");
    this.#dropSuccessor(name);
    this.#models.delete(name);
    this.#retire(model);
    this.#options.tell(leaving(model));
  }

  #replace(manifest: Manifest): void {
    const { name } = manifest;
    this.#dropSuccessor(name);
    this.#successors.set(name, this.#options.open(manifest));
    // What does not serve is not worth keeping until then.
    if (this.#models.get(name)?.status.state !== "ready") this.#succeed(name);
  }

  #succeed(name: string): void {
    const [before, after] = [this.#models.get(name), this.#successors.get(name)];
    if (before === undefined || after === undefined) throw new Error("bug: nothing to replace");
    this.#successors.delete(name);
    this.#models.set(name, after);
    this.#retire(before);
    this.#options.tell(after.status);
  }

  #dropSuccessor(name: string): void {
    const successor = this.#successors.get(name);
    this.#successors.delete(name);
    if (successor !== undefined) this.#retire(successor);
  }

  #retire(model: LoadedModel): void {
    this.#leaving.add(model);
    void model.retire().then(() => {
      this.#leaving.delete(model);
      if (!this.#models.has(model.status.manifest.name)) this.#options.tell(leaving(model));
    });
  }
}

/** It takes no more calls, though to itself it is what it was until the last one has ended. */
function leaving({ status }: LoadedModel): ModelStatus {
  return { ...status, state: "unloading", failure: "" };
}

function sum(one: ModelLoad, other: ModelLoad): ModelLoad {
  return {
    model: one.model,
    isReady: one.isReady || other.isReady,
    queuedJobs: one.queuedJobs + other.queuedJobs,
    runningJobs: one.runningJobs + other.runningJobs,
    slots: one.slots + other.slots,
    cells: one.cells + other.cells,
    usedCells: one.usedCells + other.usedCells,
    prefixBytes: one.prefixBytes + other.prefixBytes,
    prefixLimitBytes: one.prefixLimitBytes + other.prefixLimitBytes,
  };
}
