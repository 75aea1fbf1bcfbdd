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
import type {
  ChatMessage,
  Engine,
  EngineHost,
  LoadEngine,
  ModelInfo,
  ModelSource,
  Sampling,
  Task,
} from "./engine.ts";
import { FunctionEngine } from "./function-engine.ts";

/** The error to throw for a caller's mistake; any other error is hidden from the caller and logged. */
export { ServeError } from "../base/errors.ts";

/** What a `generate` function is asked. */
export interface TextRequest {
  /** The prompt; of a chat, the last message's content. */
  readonly prompt: string;
  /** The whole conversation; a plain prompt is one message of the user. */
  readonly messages: readonly ChatMessage[];
  /** As the caller set them; `maxTokens` counts pieces and is kept by the server. */
  readonly sampling: Sampling;
}

/** What a model made of functions can do: at least one of `generate` and `embed`. */
export interface Functions {
  /**
   * Yields text in pieces. Ends early when the caller leaves: `signal` aborts, and the generator is
   * closed at its next `yield`. Stop sequences and `maxTokens` (in pieces) are applied to what it
   * yields. Needs to await, or to yield often: what blocks the thread blocks all its calls.
   */
  readonly generate?: (
    request: TextRequest,
    signal: AbortSignal,
  ) => AsyncIterable<string> | Iterable<string>;

  /** Returns a vector for each text, in order, all of length `dimensions`. Called with a few at a time. */
  readonly embed?: (texts: readonly string[], signal: AbortSignal) => Vectors | Promise<Vectors>;

  /** The length of the vectors; required with `embed`. */
  readonly dimensions?: number;

  /** Calls that run at once; more wait. Default 16. */
  readonly slots?: number;

  /** The most pieces of a completion, where neither the caller nor the manifest says. Default 32,768. */
  readonly contextLength?: number;

  /** Its licence, as an SPDX expression. */
  readonly license?: string;

  /** Frees what the functions hold. */
  readonly close?: () => void | Promise<void>;
}

export type Vectors = readonly ArrayLike<number>[];

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
