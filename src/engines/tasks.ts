/** The tasks that a model can have. A new one begins with a row here; `src/contract/tasks.ts` then asks for what callers see of it. */
import type { Job } from "./jobs.ts";
import type { ModelInfo, TaskInfos } from "./model-info.ts";

/**
 * The family of jobs that a task's calls become: `completion` writes one text piece by piece; `items` answers each of a
 * list of inputs with a value of the task's own kind.
 */
export type JobFamily = Job["kind"];

export const tasks = {
  generate: { family: "completion" },
  embed: { family: "items" },
  rerank: { family: "items" },
  classify: { family: "items" },
} as const satisfies Readonly<Record<keyof TaskInfos, { readonly family: JobFamily }>>;

export type Task = keyof typeof tasks;

// Object.keys forgets the names' type.
export const taskNames = Object.keys(tasks) as readonly Task[];

/** What a model can do, in the table's order. */
export const tasksOf = (info: Pick<ModelInfo, "tasks">): readonly Task[] =>
  taskNames.filter((task) => info.tasks[task] !== undefined);
