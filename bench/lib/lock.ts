import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "./paths.ts";

/** Runs alone on this machine: two measurements at once would each measure the other. */
export async function alone<T>(run: () => Promise<T>): Promise<T> {
  const path = join(cacheFolder, "running");
  mkdirSync(cacheFolder, { recursive: true });
  take(path);
  const release = (): void => rmSync(path, { force: true });
  process.once("exit", release);
  try {
    return await run();
  } finally {
    process.off("exit", release);
    release();
  }
}

function take(path: string): void {
  try {
    writeFileSync(path, String(process.pid), { flag: "wx" });
  } catch (cause) {
    const holder = Number(readFileSync(path, "utf8"));
    if (isAlive(holder)) {
      throw new Error(`another benchmark is running, as process ${holder}`, { cause });
    }
    // Its owner was killed before it could tidy up.
    writeFileSync(path, String(process.pid));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
