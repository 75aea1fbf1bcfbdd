/** Keys in a SQLite file, for all processes of one machine. */
import type { DatabaseSync } from "node:sqlite";
import type { KeyRecord } from "./key.ts";
import { fromRow, type KeyStore, listingOf, type Row, toText } from "./key-store.ts";
import {
  codeOf,
  identityOf,
  isBusy,
  type Making,
  NoKeys,
  type OpenFile,
  openMs,
  openSqliteFile,
  unusable,
} from "./sqlite-file.ts";

/** Time that a command that changes keys waits for another one. Servers change none. */
const changeMs = 5000;

// node:sqlite is synchronous; the interface is not, because PostgreSQL is not.
/* eslint-disable @typescript-eslint/require-await */

/** Follows the path: a file that replaces another is read instead. Throws an error of one line if it cannot be used. */
export function openSqliteKeys(path: string, making: Making): KeyStore {
  const file = new FollowedFile(path, making);
  return {
    version: async () => file.version(),
    list: async () => listingOf(file.rows()),
    add: async (key) =>
      file.alone((database) => {
        const insert = database.prepare("INSERT INTO inferd_keys (id, record) VALUES (?, ?)");
        insert.run(key.id, toText(key));
      }),
    change: async (id, change) =>
      file.alone((database) => {
        const one = database.prepare("SELECT record FROM inferd_keys WHERE id = ?");
        const found = one.get(id)?.["record"];
        if (found === undefined) return undefined;
        const changed: KeyRecord = change(fromRow({ id, record: String(found) }));
        const update = database.prepare("UPDATE inferd_keys SET record = ? WHERE id = ?");
        update.run(toText(changed), id);
        return changed;
      }),
    close: async () => file.close(),
  };
}

class FollowedFile {
  readonly #path: string;
  #open: OpenFile;
  /** The version of the open file at the last read. */
  #version: string | undefined;

  constructor(path: string, making: Making) {
    this.#path = path;
    this.#open = openSqliteFile(path, making);
  }

  version(): string {
    return this.#told(() => {
      this.#follow();
      try {
        this.#version = this.#within(this.#version === undefined ? openMs : 0, ask);
      } catch (error) {
        // It is being written and will have changed by the next poll. Waiting for it would block all calls.
        if (this.#version === undefined || !isBusy(error)) throw error;
      }
      return `${this.#open.identity}:${this.#version}`;
    });
  }

  rows(): readonly Row[] {
    return this.#told(() =>
      this.#within(openMs, (database) => {
        const all = database.prepare("SELECT id, record FROM inferd_keys ORDER BY id").all();
        return all.map(({ id, record }) => ({ id: String(id), record: String(record) }));
      }),
    );
  }

  /** Changes keys under an exclusive lock. */
  alone<T>(act: (database: DatabaseSync) => T): T {
    const { database } = this.#open;
    return this.#told(() =>
      this.#within(changeMs, () => {
        try {
          database.exec("BEGIN IMMEDIATE");
          const result = act(database);
          database.exec("UPDATE inferd_keys_version SET version = version + 1");
          database.exec("COMMIT");
          return result;
        } catch (error) {
          if (database.isTransaction) database.exec("ROLLBACK");
          throw error;
        }
      }),
    );
  }

  close(): void {
    this.#open.database.close();
  }

  /** A backup may have replaced the file. Then the open file is no longer read. */
  #follow(): void {
    if (identityOf(this.#path) === this.#open.identity) return;
    const next = openSqliteFile(this.#path, "must be there");
    this.#open.database.close();
    this.#open = next;
    this.#version = undefined;
  }

  /** Waits this long for another process that locks the file. */
  #within<T>(waitMs: number, act: (database: DatabaseSync) => T): T {
    const { database } = this.#open;
    database.exec(`PRAGMA busy_timeout = ${waitMs}`);
    return act(database);
  }

  /** Errors of the system or SQLite become one line. Errors of the change itself are passed on. */
  #told<T>(act: () => T): T {
    try {
      return act();
    } catch (error) {
      throw codeOf(error) === undefined ? error : unusable(this.#path, error);
    }
  }
}

/** A value that changes with every change, also one by another program. */
function ask(database: DatabaseSync): string {
  const changes = database.prepare("PRAGMA data_version").get()?.["data_version"];
  const version = database.prepare("SELECT version FROM inferd_keys_version").get()?.["version"];
  if (version === undefined) throw new NoKeys();
  return `${String(changes)}:${String(version)}`;
}
