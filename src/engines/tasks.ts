/** The tasks that a model can have. A new one begins with a row here; `src/contract/tasks.ts` then asks for what callers see of it. */

/**
 * The family of jobs that a task's calls become: `completion` writes one text piece by piece; `items` answers each of a
 * list of inputs with a value of the task's own kind.
 */
export type JobFamily = "completion" | "items";

export const tasks = {
  generate: { family: "completion" },
  embed: { family: "items" },
} as const satisfies Readonly<Record<string, { readonly family: JobFamily }>>;

export type Task = keyof typeof tasks;

// Object.keys forgets the names' type.
export const taskNames = Object.keys(tasks) as readonly Task[];
