import type { Clock } from "../base/clock.ts";
import type { Priority } from "../base/priority.ts";
import { workerExitMs } from "../base/shutdown-budget.ts";
import type { AnswerTo, KvMemory, ModelInfo, PrefixMemory, Question } from "../engines/engine.ts";
import { batchSlots } from "./batch-jobs.ts";
import { Replica } from "./replica.ts";
import type { ReplicaOptions } from "./replica.ts";
import { workerExited } from "./worker-errors.ts";

export type PoolState =
  /** `backAt`: when it is expected to serve, by the clock; undefined where nothing tells yet. */
  | { readonly kind: "loading"; readonly fraction: number; readonly backAt: number | undefined }
  | { readonly kind: "ready"; readonly info: ModelInfo }
  /** It has no worker; where `backAt` is undefined, it gets none any more. */
  | { readonly kind: "failed"; readonly reason: string; readonly backAt: number | undefined }
  | { readonly kind: "stopped" };

export interface PoolOptions extends ReplicaOptions {
  /** Worker processes. */
  readonly replicas: number;
}

/** One model's workers. Serves while one of them does; has failed when all are given up. */
export class Pool {
  readonly #replicas: readonly Replica[];
  readonly #clock: Clock;
  #stopped: Promise<void> | undefined;
  /** Called when a job ends, while the pool waits for its last ones. */
  #freed: () => void = () => undefined;

  constructor(options: PoolOptions) {
    this.#clock = options.clock;
    // A callback may come before this constructor has returned: nothing is lost by not telling.
    let isOpen = false;
    const inner: ReplicaOptions = {
      ...options,
      onChange: () => isOpen && options.onChange(),
      onFree: () => {
        this.#freed();
        options.onFree();
      },
    };
    this.#replicas = Array.from({ length: options.replicas }, (_, replica) => {
      return new Replica({ ...inner, log: options.log.child({ replica }) });
    });
    isOpen = true;
  }

  get state(): PoolState {
    if (this.#stopped !== undefined) return { kind: "stopped" };
    return stateOf(this.#replicas);
  }

  /** Jobs that all ready workers together hold at once. */
  get slots(): number {
    return this.#replicas.reduce((sum, replica) => sum + replica.slots, 0);
  }

  /** Jobs that the workers hold. */
  get jobs(): number {
    return this.#replicas.reduce((sum, replica) => sum + replica.jobs, 0);
  }

  /** The KV memory of all workers together; zero cells where they have none. */
  get memory(): KvMemory {
    const memories = this.#replicas.flatMap(({ memory }) => memory ?? []);
    return {
      cells: memories.reduce((sum, { cells }) => sum + cells, 0),
      usedCells: memories.reduce((sum, { usedCells }) => sum + usedCells, 0),
    };
  }

  /** What all workers together keep of prompts beyond that; a limit of zero where they keep none. */
  get prefixes(): Pick<PrefixMemory, "bytes" | "limitBytes"> {
    const all = this.#replicas.flatMap(({ prefixes }) => prefixes ?? []);
    return {
      bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
      limitBytes: all.reduce((sum, { limitBytes }) => sum + limitBytes, 0),
    };
  }

  get pids(): readonly number[] {
    return this.#replicas.flatMap(({ pid }) => pid ?? []);
  }

  /**
   * The worker with a free place and the fewest interactive jobs, then the fewest; undefined where there is none
   * for a job of this priority. `wanted`: how many places interactive jobs wanted at once of late.
   */
  take(priority: Priority, wanted: number): Replica | undefined {
    if (this.#stopped !== undefined) return undefined;
    if (priority === "batch" && this.#batchJobs >= batchSlots(this.slots, wanted)) return undefined;
    const free = this.#replicas.filter((replica) => replica.jobs < replica.slots);
    const interactive = ({ jobs, batchJobs }: Replica): number => jobs - batchJobs;
    const [best] = free.toSorted(
      (one, other) => interactive(one) - interactive(other) || one.jobs - other.jobs,
    );
    return best;
  }

  /** Asks the ready worker with the fewest questions. */
  async ask<Q extends Question>(question: Q, signal: AbortSignal): Promise<AnswerTo<Q>> {
    const ready = this.#stopped === undefined ? this.#replicas : [];
    const [best] = ready
      .filter(({ state }) => state.kind === "ready")
      .toSorted((one, other) => one.questions - other.questions || one.jobs - other.jobs);
    if (best === undefined) throw workerExited();
    return best.ask(question, signal);
  }

  get #batchJobs(): number {
    return this.#replicas.reduce((sum, replica) => sum + replica.batchJobs, 0);
  }

  get #questions(): number {
    return this.#replicas.reduce((sum, replica) => sum + replica.questions, 0);
  }

  /**
   * Takes no more jobs, waits for those and the questions it has, and ends the workers; all within about the grace.
   * What is left then fails. Stopping again is waiting for the first time.
   */
  stop(graceMs: number): Promise<void> {
    return (this.#stopped ??= this.#stop(graceMs));
  }

  async #stop(graceMs: number): Promise<void> {
    const until = this.#clock.now() + graceMs;
    await this.#idle(graceMs);
    const leftMs = Math.max(workerExitMs, until - this.#clock.now());
    await Promise.all(this.#replicas.map((replica) => replica.stop(leftMs)));
  }

  #idle(graceMs: number): Promise<void> {
    return new Promise((resolve) => {
      const callOff = this.#clock.after(graceMs, resolve);
      this.#freed = () => {
        if (this.jobs + this.#questions > 0) return;
        callOff();
        resolve();
      };
      this.#freed();
    });
  }
}

/** Best first: ready before loading before failed, and of those the one that is back first. */
function stateOf(replicas: readonly Replica[]): PoolState {
  const states = replicas.map(({ state }) => state);
  const ready = states.find((state) => state.kind === "ready");
  if (ready !== undefined) return ready;
  const loading = states.filter((state) => state.kind === "loading");
  if (loading.length > 0) {
    const fraction = Math.max(...loading.map((state) => state.fraction));
    return { kind: "loading", fraction, backAt: soonest(loading)?.backAt };
  }
  return soonest(states.filter((state) => state.kind === "failed")) ?? { kind: "stopped" };
}

function soonest<State extends { readonly backAt: number | undefined }>(
  states: readonly State[],
): State | undefined {
  const at = (state: State): number => state.backAt ?? Infinity;
  return states.toSorted((one, other) => at(one) - at(other))[0];
}
