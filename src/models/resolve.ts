import { ServeError } from "../base/errors.ts";
import type { Task } from "../engines/engine.ts";
import { loadingWait } from "./loading-wait.ts";
import { tasksOfModel, unnamedTasksOf } from "./model-tasks.ts";
import type { ModelStatus } from "./model.ts";

/** The models to use where a request names none. */
export type DefaultModels = Readonly<Partial<Record<Task, string>>>;

/** At the least: sooner, a worker that is just being started would be asked in vain. */
const soonestMs = 100;

const unknownLoad = { sinceMs: 0, fraction: 0, leftMs: undefined };

/** When a call may succeed that the model cannot serve now. */
export function retryAfter({ state, retryAfterMs }: ModelStatus): number {
  if (state === "ready") return soonestMs;
  return Math.ceil(Math.max(soonestMs, retryAfterMs ?? loadingWait(unknownLoad)));
}

/**
 * Decides which model a request means: the named one; where none is named, the task's default, else the
 * task's only model. Where there is none, one may be meant that has not said yet what it can do.
 */
export function meantModel(
  wanted: { readonly name: string; readonly task: Task },
  models: readonly ModelStatus[],
  defaults: DefaultModels,
): ModelStatus {
  const name = wanted.name === "" ? nameFor(wanted.task, models, defaults) : wanted.name;
  const model = models.find(({ manifest }) => manifest.name === name);
  if (model === undefined) {
    throw modelNotFound(name);
  }
  const tasks = tasksOfModel(model);
  if (!hasUnknownTasks(model) && !tasks.includes(wanted.task)) {
    throw new ServeError("WRONG_TASK", `the model ${name} cannot ${wanted.task}`, {
      facts: { model: name, task: wanted.task, tasks: tasks.join(",") },
    });
  }
  return model;
}

/** What every call is told that names a model which is not there. */
export function modelNotFound(name: string): ServeError {
  const message = `there is no model named ${JSON.stringify(name)}; ListModels names those there are`;
  return new ServeError("MODEL_NOT_FOUND", message, {
    facts: { model: name },
    resource: { type: "inferd.v1.Model", name },
  });
}

function nameFor(task: Task, models: readonly ModelStatus[], defaults: DefaultModels): string {
  const preset = defaults[task];
  if (preset !== undefined) return preset;
  const names = models
    .filter((model) => unnamedTasksOf(model).includes(task))
    .map(({ manifest }) => manifest.name);
  const [only = unknownOf(models)?.manifest.name] = names;
  if (only === undefined) {
    throw new ServeError(
      "MODEL_NOT_FOUND",
      `there is no model that can ${task}; ListModels names those there are`,
      {
        facts: { task },
      },
    );
  }
  if (names.length > 1) {
    throw new ServeError("MODEL_REQUIRED", `several models can ${task}; name one`, {
      facts: { task, models: names.join(",") },
      violations: [
        { field: "model", reason: "REQUIRED", description: `name one of ${names.join(", ")}` },
      ],
    });
  }
  return only;
}

/** What no manifest says, and what it could not say so far itself. */
function hasUnknownTasks({ manifest, info }: ModelStatus): boolean {
  return manifest.task === undefined && info === undefined;
}

/** Of the models that may turn out to be meant, one that still loads. */
function unknownOf(models: readonly ModelStatus[]): ModelStatus | undefined {
  const unknown = models.filter(hasUnknownTasks);
  return unknown.find(({ state }) => state === "loading") ?? unknown[0];
}

/** As `meantModel`, of a model that can serve now. */
export function chooseModel(...wanted: Parameters<typeof meantModel>): ModelStatus {
  const model = meantModel(...wanted);
  assertServing(model);
  return model;
}

/** Throws where the model cannot take a job now. */
export function assertServing(status: ModelStatus): void {
  const { manifest, state } = status;
  const { name } = manifest;
  const facts = { model: name };
  switch (state) {
    case "ready":
      return;
    case "loading":
      throw new ServeError("MODEL_NOT_READY", `the model ${name} is loading; try again`, {
        facts,
        retryAfterMs: retryAfter(status),
      });
    case "failed":
      if (status.retryAfterMs === undefined) {
        throw new ServeError("MODEL_FAILED", `the model ${name} could not be loaded`, { facts });
      }
      throw new ServeError(
        "MODEL_FAILED",
        `the workers of the model ${name} keep ending; try later`,
        {
          facts,
          retryAfterMs: retryAfter(status),
        },
      );
    case "unloading":
      throw new ServeError("SHUTTING_DOWN", `the model ${name} takes no more calls`, { facts });
  }
}
