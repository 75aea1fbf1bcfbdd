import { readFileSync } from "node:fs";

/** Reads a file of the repository's git folder. Undefined if it does not exist. */
type ReadGitFile = (path: string) => string | undefined;

/** The commit of a server that runs from a clone. Empty if it is unknown. */
export function buildCommit(read: ReadGitFile = readGitFile): string {
  const head = read("HEAD")?.trim() ?? "";
  const reference = /^ref: (.+)$/.exec(head)?.[1];
  const commit = reference === undefined ? head : commitOf(reference, read);
  return /^[0-9a-f]{40,64}$/.test(commit) ? commit : "";
}

function commitOf(reference: string, read: ReadGitFile): string {
  const loose = read(reference)?.trim();
  if (loose !== undefined) return loose;
  const packed = read("packed-refs")?.split("\n") ?? [];
  return packed.find((line) => line.endsWith(` ${reference}`))?.split(" ")[0] ?? "";
}

function readGitFile(path: string): string | undefined {
  try {
    return readFileSync(new URL(`../../.git/${path}`, import.meta.url), "utf8");
  } catch {
    return undefined;
  }
}
