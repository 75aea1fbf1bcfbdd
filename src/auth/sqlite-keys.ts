/** Keys in a SQLite file, for all processes of one machine. */
import { chmodSync } from "node:fs";
import { basename } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { KeyRecord } from "./key.ts";
import { fromText, type KeyStore, toText } from "./key-store.ts";

const schema = `
  CREATE TABLE IF NOT EXISTS inferd_keys (id TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS inferd_keys_version (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    version INTEGER NOT NULL
  ) STRICT;
  INSERT OR IGNORE INTO inferd_keys_version VALUES (1, 0);
`;

// Reads are synchronous and in the front process: they must not wait for a writer for long.
const busyMs = 200;

// node:sqlite is synchronous; the interface is not, because PostgreSQL is not.
/* eslint-disable @typescript-eslint/require-await */

/** Throws one line where the file cannot be opened or is no such database. */
export function openSqliteKeys(path: string): KeyStore {
  const database = open(path);
  const version = database.prepare("SELECT version FROM inferd_keys_version");
  const all = database.prepare("SELECT record FROM inferd_keys ORDER BY id");
  const one = database.prepare("SELECT record FROM inferd_keys WHERE id = ?");
  const insert = database.prepare("INSERT INTO inferd_keys (id, record) VALUES (?, ?)");
  const update = database.prepare("UPDATE inferd_keys SET record = ? WHERE id = ?");
  const tell = database.prepare("UPDATE inferd_keys_version SET version = version + 1");
  const alone = <T>(act: () => T): T => {
    try {
      database.exec("BEGIN IMMEDIATE");
      const result = act();
      tell.run();
      database.exec("COMMIT");
      return result;
    } catch (error) {
      if (database.isTransaction) database.exec("ROLLBACK");
      // What the change itself refuses is told as it is.
      throw codeOf(error) === undefined ? error : unusable(path, error);
    }
  };
  return {
    version: async () => Number(version.get()?.["version"]),
    list: async () => all.all().map(({ record }) => fromText(String(record))),
    add: async (key) => alone(() => void insert.run(key.id, toText(key))),
    change: async (id, change) =>
      alone(() => {
        const found = one.get(id)?.["record"];
        if (found === undefined) return undefined;
        const changed: KeyRecord = change(fromText(String(found)));
        update.run(toText(changed), id);
        return changed;
      }),
    close: async () => database.close(),
  };
}

function open(path: string): DatabaseSync {
  try {
    const database = new DatabaseSync(path, { timeout: busyMs });
    // Readers then never wait for a writer.
    database.exec("PRAGMA journal_mode = WAL");
    database.exec(schema);
    // Hashes are of no use to others, but names and quotas are nobody's business either.
    chmodSync(path, 0o600);
    return database;
  } catch (error) {
    throw unusable(path, error);
  }
}

/** What to do, by SQLite's primary codes: https://sqlite.org/rescode.html */
const troubles = new Map([
  [5, "another process writes it; try again"],
  [8, "it or its folder is read-only: SQLite writes beside it also for servers, which only read"],
  [10, "the disk fails to read or write it"],
  [13, "the disk is full"],
  [14, "its folder must exist, and be writable also for servers, which only read"],
  [26, "it is no SQLite database"],
]);

/** One line, without the folder. */
function unusable(path: string, error: unknown): Error {
  const said = error instanceof Error ? error.message : String(error);
  const why = troubles.get(codeOf(error) ?? 0) ?? said;
  return new Error(`--keys: ${basename(path)} cannot be used: ${why}`, { cause: error });
}

/** SQLite's primary code: an extended one carries it in its lowest byte. Undefined for what is not SQLite's. */
function codeOf(error: unknown): number | undefined {
  return error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : undefined;
}
