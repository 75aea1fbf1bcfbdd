/** Imports an engine: one that comes with the server, or a user's module, which may lie anywhere. */
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import type { LoadEngine } from "../engines/engine.ts";

/** The engines that come with the server; any other name is the path of a user's module. */
const builtIn = new Map([
  ["llama", "../engines/llama/index.ts"],
  ["onnx", "../engines/onnx/index.ts"],
  ["scripted", "../engines/scripted/index.ts"],
]);

/** Throws a plain Error whose message names no path; what is behind it is its cause. */
export async function importEngine(name: string): Promise<LoadEngine> {
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
