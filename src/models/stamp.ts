import { stat } from "node:fs/promises";

/** Which file lies at a path: one that is put in its place, or is written to, has another stamp. Empty where there is none. */
export async function stampOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeMs } = await stat(path);
    return [dev, ino, size, mtimeMs].join(":");
  } catch {
    return "";
  }
}
