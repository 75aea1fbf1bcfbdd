/**
 * What each name of the health service says, from the models as they stand.
 *
 * - `liveness`: always SERVING. A process that answers is alive, whatever its models do.
 * - `startup`: SERVING once every model has been loaded or has failed. It stays so: models that are added
 *   later do not change it.
 * - `readiness` and the empty name: SERVING after `startup`, while at least one model is ready. One failed
 *   model does not affect the others. A server without models is ready.
 * - `model:<name>`: SERVING while the model is ready. It is unknown once the model has gone, and to callers
 *   that may not read of the model.
 * - a service whose methods need a model: SERVING while one of its tasks is ready.
 * - a service that needs no model: always SERVING.
 *
 * While the server drains, the edge overrides it.
 */
import { healthNameOf } from "../base/health-names.ts";
import { serviceTasks } from "../contract/tasks.ts";
import type { Task } from "../engines/tasks.ts";
import type { ModelStatus } from "../models/model.ts";
import { tasksOfModel } from "../models/model-tasks.ts";
import type { Registry } from "../models/registry.ts";

/** Where health is told. */
export interface HealthNames {
  set(name: string, serving: boolean): void;
  forget(name: string): void;
}

/** Tells health now, and whenever a model has changed. */
export function tellHealth(models: Pick<Registry, "list" | "onChange">, health: HealthNames): void {
  let told: ReadonlyMap<string, boolean> = new Map();
  const tell = (): void => {
    const now = healthOf(models.list(), { hasStarted: told.get("startup") === true });
    for (const name of told.keys()) if (!now.has(name)) health.forget(name);
    for (const [name, serving] of now) health.set(name, serving);
    told = now;
  };
  tell();
  models.onChange(tell);
}

/** Each health name, and whether it serves. `hasStarted`: whether `startup` was SERVING before. */
export function healthOf(
  models: readonly ModelStatus[],
  { hasStarted = false } = {},
): ReadonlyMap<string, boolean> {
  const ready = models.filter(({ state }) => state === "ready");
  // `info` is kept by a model that has been ready, so one that is loaded again does not count here.
  const started =
    hasStarted || !models.some(({ state, info }) => state === "loading" && info === undefined);
  const isReady = started && (ready.length > 0 || models.length === 0);
  return new Map<string, boolean>([
    ["", isReady],
    ["readiness", isReady],
    ["startup", started],
    ["liveness", true],
    ...Array.from(
      serviceTasks,
      ([service, tasks]) => [service, tasks.length === 0 || ready.some(serves(tasks))] as const,
    ),
    ...models.map(
      ({ manifest, state }) => [healthNameOf(manifest.name), state === "ready"] as const,
    ),
  ]);
}

function serves(tasks: readonly Task[]): (model: ModelStatus) => boolean {
  return (model) => tasksOfModel(model).some((task) => tasks.includes(task));
}
