/** What a model is, from what its workers are. Pure. */
import { tasksOf } from "../engines/tasks.ts";
import type { PoolState } from "../workers/pool.ts";
import type { Manifest } from "../catalog/manifest.ts";
import type { ModelStatus } from "./model.ts";

/** A model that fails for a reason of its own does not come back with its workers. */
export function backAt({ state, failure }: ModelStatus, pool: PoolState): number | undefined {
  if (pool.kind === "loading") return state === "loading" ? pool.backAt : undefined;
  return pool.kind === "failed" && failure === pool.reason ? pool.backAt : undefined;
}

export function stateOf(
  manifest: Manifest,
  pool: PoolState,
): Pick<ModelStatus, "state" | "failure"> {
  if (pool.kind === "failed") return { state: "failed", failure: pool.reason };
  if (pool.kind !== "ready") return { state: "loading", failure: "" };
  const tasks = tasksOf(pool.info);
  if (manifest.task !== undefined && !tasks.includes(manifest.task)) {
    const failure = `its manifest says ${manifest.task}, but it can only ${tasks.join(", ")}`;
    return { state: "failed", failure };
  }
  return { state: "ready", failure: "" };
}
