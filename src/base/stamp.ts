import { statSync } from "node:fs";

/** Identifies the file at a path. A replaced or modified file has another stamp. Empty if there is no file. */
export function stampOf(path: string): string {
  try {
    const { dev, ino, size, mtimeMs } = statSync(path);
    return [dev, ino, size, mtimeMs].join(":");
  } catch {
    return "";
  }
}
