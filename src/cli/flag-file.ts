import { readFileSync } from "node:fs";
import { UsageError } from "./failure.ts";

/** What is in the file that a flag names. */
export function readFlagFile(flag: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    throw new UsageError(`${flag} cannot be read (${code})`);
  }
}
