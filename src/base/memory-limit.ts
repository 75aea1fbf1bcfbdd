import { totalmem } from "node:os";
import { constrainedMemory } from "node:process";

/** The bytes that this process may use at most: of its container where that has a limit, else of the machine. */
export function memoryLimit(): number {
  // Zero where there is no limit, and more than the machine has where one is set that limits nothing.
  const limit = constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}
