/**
 * The easy door to an engine: plain functions, served with everything that a language model is served
 * with: streaming, queues, cancellation, stop sequences, flow control.
 *
 *     import { serveFunctions } from "inferd/engine/functions";
 *
 *     export const load = serveFunctions({
 *       async *generate({ prompt }) {
 *         for (const word of prompt.split(" ").reverse()) yield `${word} `;
 *       },
 *     });
 */
import type { Engine, EngineHost, LoadEngine, ModelInfo, ModelSource, Task } from "../engine.ts";
import { FunctionEngine } from "./engine.ts";
import type { Functions } from "./functions.ts";

/** The error to throw for a caller's mistake; any other error is hidden from the caller and logged. */
export { ServeError } from "../../base/errors.ts";

export type { Functions, TextRequest, Vectors } from "./functions.ts";

/** Makes functions when the model is loaded: from its files, its options, its threads. */
export type MakeFunctions = (
  source: ModelSource,
  host: EngineHost,
) => Functions | Promise<Functions>;

/** Turns functions into what an engine's module exports as `load`. */
export function serveFunctions(functions: Functions | MakeFunctions): LoadEngine {
  return async (source, host): Promise<Engine> => {
    const made = typeof functions === "function" ? await functions(source, host) : functions;
    return new FunctionEngine(made, infoOf(made, source), host);
  };
}

function infoOf(functions: Functions, source: ModelSource): ModelInfo {
  const { slots = 16, contextLength = 32_768, dimensions = 0, license = "" } = functions;
  const tasks = tasksOf(functions);
  return {
    tasks,
    contextLength: source.contextLength ?? contextLength,
    vocabularySize: 0,
    dimensions,
    pooling: "",
    chat: tasks.includes("generate"),
    license,
    slots: source.maxSequences ?? slots,
    libraries: [],
  };
}

function tasksOf({ generate, embed, dimensions = 0 }: Functions): readonly Task[] {
  if (generate === undefined && embed === undefined) {
    throw new Error("the engine's module gives neither generate nor embed");
  }
  if (embed !== undefined && !(Number.isInteger(dimensions) && dimensions > 0)) {
    throw new Error("the engine's module gives embed without dimensions");
  }
  const tasks: Task[] = [];
  if (generate !== undefined) tasks.push("generate");
  if (embed !== undefined) tasks.push("embed");
  return tasks;
}
