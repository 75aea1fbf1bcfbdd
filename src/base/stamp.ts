import { statSync } from "node:fs";

/** Which file lies at a path: one that is put in its place, or is written to, has another stamp. Empty where there is none. */
export function stampOf(path: string): string {
  try {
    const { dev, ino, size, mtimeMs } = statSync(path);
    return [dev, ino, size, mtimeMs].join(":");
  } catch {
    return "";
  }
}
