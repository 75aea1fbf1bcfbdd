/** Finds the code of an engine: the server's own, a user's module, or a program of a user's. */
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import type { Environment } from "../base/environment.ts";
import { engineKind } from "../engines/engine-kind.ts";
import type { LoadEngine } from "../engines/engine.ts";
import { loadProgram, programCommand, pythonCommand } from "../engines/process/index.ts";

/** The engines that come with the server. */
const builtIn = new Map([
  ["llama", "../engines/llama/index.ts"],
  ["onnx", "../engines/onnx/index.ts"],
  ["scripted", "../engines/scripted/index.ts"],
]);

export interface EngineChoice {
  readonly engine: string;
  /** The interpreter of a Python file. */
  readonly python?: string;
  /** That of the programs that it starts. */
  readonly environment: Environment;
}

/** The code that loads a model. A program is started by it, and not before. */
export async function findEngine({
  engine,
  python,
  environment,
}: EngineChoice): Promise<LoadEngine> {
  switch (engineKind(engine)) {
    case "built-in":
    case "module":
      return importEngine(engine);
    case "python":
      return loadProgram(pythonCommand(engine, python), environment);
    case "program":
      return loadProgram(programCommand(engine), environment);
  }
}

/** Throws a plain Error whose message names no path; what is behind it is its cause. */
async function importEngine(name: string): Promise<LoadEngine> {
  const own = builtIn.get(name);
  if (own === undefined) offerInterface();
  let module: { readonly load?: unknown };
  try {
    // The door for users' modules: anything may come in.
    module = (await import(own ?? pathToFileURL(name).href)) as typeof module;
  } catch (thrown) {
    // Its own message can quote paths; the log has it.
    throw new Error("the engine's module could not be imported; the log says why", {
      cause: thrown,
    });
  }
  if (typeof module.load !== "function") {
    throw new Error("the engine's module does not export a function named load");
  }
  // Its parameters and result cannot be checked before it is called.
  return module.load as LoadEngine;
}

/**
 * Lets a module import `inferd/engine` and what is below it without installing anything. It is always
 * this server's own, whatever else is installed: an error of another copy's class would be unknown here.
 */
function offerInterface(): void {
  registerHooks({
    resolve(specifier, context, next) {
      const isOurs = specifier === "inferd/engine" || specifier.startsWith("inferd/engine/");
      // This package finds itself by its name, and asks here again.
      if (!isOurs || context.parentURL === import.meta.url) return next(specifier, context);
      return { url: import.meta.resolve(specifier), shortCircuit: true };
    },
  });
}
