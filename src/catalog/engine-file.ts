import { engineKind } from "../engines/engine-kind.ts";
import { assertFile } from "./digest.ts";
import { assertInterpreter } from "./interpreter.ts";
import type { Manifest } from "./manifest.ts";

/** Throws a plain Error where a custom engine cannot be read, or what should run it is not there. */
export function assertEngine({ engine, python }: Pick<Manifest, "engine" | "python">): void {
  const kind = engineKind(engine);
  // A program need not be readable to be run.
  if (kind === "module" || kind === "python") assertFile(engine);
  if (python !== undefined) assertInterpreter(python);
}
