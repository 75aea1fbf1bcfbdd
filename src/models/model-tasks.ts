/** Which tasks a model has: by its own information once it has been loaded, by its manifest before. Pure. */
import { type Task, tasksOf } from "../engines/tasks.ts";
import type { ModelStatus } from "./model.ts";

type Known = Pick<ModelStatus, "manifest" | "info">;

/** Empty where neither says so far. */
export function tasksOfModel({ manifest, info }: Known): readonly Task[] {
  if (info !== undefined) return tasksOf(info);
  return manifest.task === undefined ? [] : [manifest.task];
}

/** The tasks whose calls may mean it without a name. */
export function unnamedTasksOf(model: Known): readonly Task[] {
  const { task } = model.manifest;
  return task === undefined ? tasksOfModel(model) : [task];
}
