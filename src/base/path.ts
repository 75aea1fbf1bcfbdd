import { basename, dirname, isAbsolute, join, relative, sep } from "node:path";

/**
 * Whether a path lies in a folder, or is the folder. Both are absolute and real: links are resolved by the caller. A
 * name that only begins with two dots, as in a folder that Kubernetes mounts, leads nowhere else.
 */
export function liesWithin(folder: string, path: string): boolean {
  const inside = relative(folder, path);
  return inside !== ".." && !inside.startsWith(`..${sep}`) && !isAbsolute(inside);
}

/** Where `hf download` keeps a snapshot of a repository: the repository's own folder comes first. */
const snapshot =
  /^(.*[\\/](?:models|datasets|spaces)--[^\\/]+)[\\/]snapshots[\\/][^\\/]+(?:[\\/]|$)/;
const blobName = /^[0-9a-f]{40}$|^[0-9a-f]{64}$/;

/**
 * Whether a folder's files may be read from a path: it lies in the folder, or it is a blob of the repository of which
 * the folder is a snapshot, as `hf download` leaves it. Both are absolute and real.
 */
export function belongsTo(folder: string, path: string): boolean {
  if (liesWithin(folder, path)) return true;
  const repository = snapshot.exec(folder)?.[1];
  if (repository === undefined) return false;
  return dirname(path) === join(repository, "blobs") && blobName.test(basename(path));
}

/** An absolute path, up to what ends one in a sentence. Not a URL's, and not the end of a relative one. */
const absolutePath =
  /(?<![\w.\-/\\])(?:file:\/\/)?(?:[A-Za-z]:)?(?:[\\/][^\s"'`<>|:;,()[\]{}\\/]+)+[\\/]?/g;

/**
 * A text for callers: of each absolute path in it only the last name is left. `files` are paths that the text may hold
 * although they have blanks in them.
 */
export function withoutFolders(text: string, files: readonly string[] = []): string {
  const folders = files.map((file) => dirname(file) + sep).filter((folder) => folder !== sep);
  // The longest first: one may lie in another.
  const known = folders
    .sort((a, b) => b.length - a.length)
    .reduce((rest, folder) => rest.replaceAll(folder, ""), text);
  return known.replace(absolutePath, (path) => path.split(/[\\/]/).findLast(Boolean) ?? "");
}
