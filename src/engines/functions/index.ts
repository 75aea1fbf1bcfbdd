/**
 * The easy way to write an engine: plain functions. The server adds streaming, queues, cancellation, stop sequences and
 * flow control.
 *
 *     import { serveFunctions } from "inferd/engine/functions";
 *
 *     export const load = serveFunctions({
 *       async *generate({ prompt }) {
 *         for (const word of prompt.split(" ").reverse()) yield `${word} `;
 *       },
 *     });
 */
import type { Engine, EngineHost, LoadEngine, ModelInfo, ModelSource } from "../engine.ts";
import { type Task, taskNames } from "../tasks.ts";
import { FunctionEngine } from "./engine.ts";
import type { Functions } from "./functions.ts";

/** The error to throw for a mistake in the request. Other errors are logged, and reach the client as INTERNAL. */
export { ServeError } from "../../base/errors.ts";

export type { ClassifyInput, Functions, Numbers, TextRequest, Vectors } from "./functions.ts";

/** Creates the functions when the model is loaded. `source` has its files and options. */
export type MakeFunctions = (
  source: ModelSource,
  host: EngineHost,
) => Functions | Promise<Functions>;

/** Turns functions into the `load` function that an engine's module exports. */
export function serveFunctions(functions: Functions | MakeFunctions): LoadEngine {
  return async (source, host): Promise<Engine> => {
    const made = typeof functions === "function" ? await functions(source, host) : functions;
    return new FunctionEngine(made, infoOf(made, source), host);
  };
}

function infoOf(functions: Functions, source: ModelSource): ModelInfo {
  const { slots = 16, contextLength = 32_768, license = "" } = functions;
  return {
    tasks: tasksOf(functions),
    contextLength: source.contextLength ?? contextLength,
    vocabularySize: 0,
    license,
    slots: source.maxSequences ?? slots,
    libraries: [],
  };
}

function assertTasks({ dimensions = 0, labels = [] }: Functions, given: readonly Task[]): void {
  if (given.length === 0) {
    throw new Error(`the engine's module gives none of ${taskNames.join(", ")}`);
  }
  if (given.includes("embed") && !(Number.isInteger(dimensions) && dimensions > 0)) {
    throw new Error("the engine's module gives embed without dimensions");
  }
  const areLabels = labels.length > 0 && new Set(labels).size === labels.length;
  if (given.includes("classify") && !areLabels) {
    throw new Error("the engine's module gives classify without labels, or with one twice");
  }
}

function tasksOf(functions: Functions): ModelInfo["tasks"] {
  const { dimensions = 0, labels = [], multiLabel = false } = functions;
  const has = (task: Task): boolean => functions[task] !== undefined;
  assertTasks(functions, taskNames.filter(has));
  return {
    ...(has("generate") && { generate: { chat: true } }),
    ...(has("embed") && { embed: { dimensions, pooling: "" } }),
    ...(has("rerank") && { rerank: {} }),
    ...(has("classify") && { classify: { labels: [...labels], multiLabel } }),
  };
}
