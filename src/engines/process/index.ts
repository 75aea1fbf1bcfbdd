/**
 * An engine that is a program of its own, in any language: docs/engine-protocol.md is what it speaks. The worker starts
 * it, and ends when it ends.
 */
export { programCommand } from "./command.ts";
export { loadProgram } from "./load.ts";
export { pythonCommand } from "./python.ts";
