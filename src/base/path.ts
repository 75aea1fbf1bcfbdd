import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";

/**
 * Whether a path lies in a folder, or is the folder. Both are absolute and real: the caller has resolved links. A name
 * that only begins with two dots, as in a folder that Kubernetes mounts, is inside.
 */
export function liesWithin(folder: string, path: string): boolean {
  const inside = relative(folder, path);
  return inside !== ".." && !inside.startsWith(`..${sep}`) && !isAbsolute(inside);
}

/** Where `hf download` keeps a snapshot of a repository. The folder of the repository is the first group. */
const snapshot =
  /^(.*[\\/](?:models|datasets|spaces)--[^\\/]+)[\\/]snapshots[\\/][^\\/]+(?:[\\/]|$)/;
const blobName = /^[0-9a-f]{40}$|^[0-9a-f]{64}$/;

/**
 * Whether files of a folder may be read from a path: it lies in the folder, or it is a blob of the repository of which
 * the folder is a snapshot, as `hf download` makes it. Both are absolute and real.
 */
export function belongsTo(folder: string, path: string): boolean {
  if (liesWithin(folder, path)) return true;
  const repository = snapshot.exec(folder)?.[1];
  if (repository === undefined) return false;
  return dirname(path) === join(repository, "blobs") && blobName.test(basename(path));
}

/** A program as someone wrote it: the name of a command, or, with a slash in it, a path from a folder. */
export function commandIn(folder: string, stated: string): string {
  return stated.includes("/") ? resolve(folder, stated) : stated;
}

/** An absolute path, up to the end of a sentence. Not in a URL, and not the end of a relative path. */
const absolutePath =
  /(?<![\w.\-/\\])(?:file:\/\/)?(?:[A-Za-z]:)?(?:[\\/][^\s"'`<>|:;,()[\]{}\\/]+)+[\\/]?/g;

/**
 * A text for clients: only the last name of each absolute path is left. `files` are paths in the text that may contain
 * spaces.
 */
export function withoutFolders(text: string, files: readonly string[] = []): string {
  const folders = files.map((file) => dirname(file) + sep).filter((folder) => folder !== sep);
  // The longest first, since one can contain another.
  const known = folders
    .sort((a, b) => b.length - a.length)
    .reduce((rest, folder) => rest.replaceAll(folder, ""), text);
  return known.replace(absolutePath, (path) => path.split(/[\\/]/).findLast(Boolean) ?? "");
}
