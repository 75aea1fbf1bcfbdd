import { ServeError } from "../base/errors.ts";
import type { Task } from "../engines/engine.ts";
import { taskNames } from "../engines/tasks.ts";
import type { Models } from "../models/model.ts";
import { tasksOfModel } from "../models/model-tasks.ts";

const [firstTask = "generate"] = taskNames;

/**
 * A task of the model that a call means, for methods that take a model of any. No name means what it means for the
 * first task that has a model.
 */
export function taskOfMeant(models: Pick<Models, "find" | "choose">, name: string): Task {
  if (name === "") return taskNames.find((task) => hasModel(models, task)) ?? firstTask;
  const status = models.find(name);
  const [task = firstTask] = status === undefined ? [] : tasksOfModel(status);
  return task;
}

function hasModel(models: Pick<Models, "choose">, task: Task): boolean {
  try {
    models.choose("", task);
    return true;
  } catch (thrown) {
    return ServeError.from(thrown).reason !== "MODEL_NOT_FOUND";
  }
}
