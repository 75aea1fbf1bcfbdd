import { totalmem } from "node:os";
import { constrainedMemory } from "node:process";

/** Maximum bytes that this process may use: the limit of its container, otherwise the machine's memory. */
export function memoryLimit(): number {
  // Zero means no limit; a value above the machine's memory limits nothing.
  const limit = constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}
