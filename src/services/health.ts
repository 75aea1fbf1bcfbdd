/**
 * What each name of the health service says, from the models as they stand.
 *
 * - `liveness`: always SERVING. A process that answers is alive, whatever its models do.
 * - `startup`: SERVING once no model is loading for the first time, failed ones included: from then on
 *   the other probes count, and models that are added later change nothing of it.
 * - `readiness` and the empty name: SERVING once that is so and at least one model is ready. A model
 *   that failed takes no others down with it. With no model at all, there is nothing to wait for.
 * - `model:<name>`: SERVING while it is ready; unknown once it has gone, and to those who may not read of it.
 * - the generation and embedding services: SERVING while a model of their task is ready.
 * - the services that need no model: always SERVING.
 *
 * While the server leaves and drains, the edge overrides it.
 */
import { healthNameOf } from "../base/health-names.ts";
import type { Task } from "../engines/engine.ts";
import type { ModelStatus } from "../models/model.ts";
import type { Registry } from "../models/registry.ts";
import { tasksOf } from "./model.ts";

const services: Readonly<Record<string, Task | undefined>> = {
  "inferd.v1.GenerationService": "generate",
  "inferd.v1.EmbeddingService": "embed",
  "inferd.v1.ModelService": undefined,
  "inferd.v1.ServerService": undefined,
};

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
  // `info` is kept by a model that has been ready, so one that is loaded anew does not count here.
  const started =
    hasStarted || !models.some(({ state, info }) => state === "loading" && info === undefined);
  const isReady = started && (ready.length > 0 || models.length === 0);
  return new Map<string, boolean>([
    ["", isReady],
    ["readiness", isReady],
    ["startup", started],
    ["liveness", true],
    ...Object.entries(services).map(
      ([service, task]) => [service, task === undefined || ready.some(serves(task))] as const,
    ),
    ...models.map(
      ({ manifest, state }) => [healthNameOf(manifest.name), state === "ready"] as const,
    ),
  ]);
}

function serves(task: Task): (model: ModelStatus) => boolean {
  return (model) => tasksOf(model).includes(task);
}
