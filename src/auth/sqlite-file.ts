/**
 * The SQLite file of keys.
 *
 * It uses a rollback journal, not a write-ahead log. SQLite applies a log to whatever file lies at the path: if a
 * backup replaces the file of a running server, the log would undo the backup's revocations.
 */
import { chmodSync, closeSync, openSync, statSync } from "node:fs";
import { basename } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { errorMessage } from "../base/text.ts";

const tables = `
  BEGIN IMMEDIATE;
  CREATE TABLE IF NOT EXISTS inferd_keys (id TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS inferd_keys_version (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    version INTEGER NOT NULL
  ) STRICT;
  INSERT OR IGNORE INTO inferd_keys_version VALUES (1, 0);
  COMMIT;
`;

const hasTables =
  "SELECT count(*) AS n FROM sqlite_master WHERE name IN ('inferd_keys', 'inferd_keys_version')";

/** Time to wait for a writer when opening: it blocks the front process. */
export const openMs = 200;

/** Whether a missing file is created. */
export type Making = "make" | "must be there";

export interface OpenFile {
  readonly database: DatabaseSync;
  readonly identity: string;
}

/** Opens the file with access for its owner only. Throws an error of one line if it cannot be used. */
export function openSqliteFile(path: string, making: Making): OpenFile {
  try {
    if (making === "make") makeFor(path);
    // Before it is opened: if it is replaced in between, the next check finds another file and opens that.
    const identity = identityOf(path);
    return { identity, database: prepared(path, making) };
  } catch (error) {
    throw unusable(path, error);
  }
}

/** Identifies the file at the path: another one after a replacement. */
export function identityOf(path: string): string {
  const { dev, ino } = statSync(path, { bigint: true });
  return `${dev}:${ino}`;
}

function prepared(path: string, making: Making): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: openMs });
  try {
    // Hashes are useless to others, but names and quotas are private.
    for (const suffix of ["", "-wal", "-shm", "-journal"]) tighten(`${path}${suffix}`);
    leaveLog(database);
    if (database.prepare(hasTables).get()?.["n"] === 2) return database;
    if (making === "must be there") throw new NoKeys();
    database.exec(tables);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** A database of another program. */
export class NoKeys extends Error {
  override readonly name = "NoKeys";
}

/** SQLite gives its other files the mode of this one, so the mode must be right before SQLite opens it. */
function makeFor(path: string): void {
  try {
    closeSync(openSync(path, "ax", 0o600));
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
}

/** On a read-only file system, the mount decides the mode: Kubernetes mounts a Secret with 0644. */
function tighten(path: string): void {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode;
  if (mode === undefined || (mode & 0o077) === 0) return;
  try {
    chmodSync(path, 0o600);
  } catch (error) {
    if (codeOf(error) !== "EROFS") throw error;
  }
}

/** Files of earlier releases have a write-ahead log. It stays while a server of such a release reads them. */
function leaveLog(database: DatabaseSync): void {
  if (database.prepare("PRAGMA journal_mode").get()?.["journal_mode"] !== "wal") return;
  try {
    database.exec("PRAGMA journal_mode = DELETE");
  } catch (error) {
    if (!isBusy(error)) throw error;
  }
}

const readOnly = "it or its folder is read-only";

/** What to do, by SQLite's primary codes (https://sqlite.org/rescode.html) and the system's. */
const troubles = new Map<number | string, string>([
  [5, "another process writes it; try again"],
  [8, readOnly],
  [10, "the disk fails to read or write it"],
  [13, "the disk is full"],
  [
    14,
    "its folder must exist, and it must be readable; an old log next to it needs a writable folder",
  ],
  [26, "it is no SQLite database"],
  ["ENOENT", 'there is no such file; "inferd keys create" makes one'],
  ["EACCES", "this process may not use it or its folder"],
  ["EPERM", "others can read it, and only its owner can change that"],
  ["EROFS", readOnly],
  ["ENOSPC", "the disk is full"],
]);

/** One line, without the folder. */
export function unusable(path: string, error: unknown): Error {
  const said = errorMessage(error);
  const why =
    error instanceof NoKeys ? "it holds no keys of inferd" : troubles.get(codeOf(error) ?? 0);
  return new Error(`--keys: ${basename(path)} cannot be used: ${why ?? said}`, { cause: error });
}

export function isBusy(error: unknown): boolean {
  return codeOf(error) === 5;
}

/** SQLite's primary code, the lowest byte of an extended one, or the system's code. Undefined for other errors. */
export function codeOf(error: unknown): number | string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ("errcode" in error) return Number(error.errcode) & 0xff;
  return "code" in error && "syscall" in error ? String(error.code) : undefined;
}
