/** The SQLite file of keys as a thing on a disk: who may read it, and what happens when another takes its place. */
import { chmodSync, cpSync, existsSync, mkdtempSync, renameSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type KeyRecord, revoked } from "../../src/auth/key.ts";
import { KeyRing } from "../../src/auth/key-ring.ts";
import { openSqliteKeys } from "../../src/auth/sqlite-keys.ts";
import { type Log, type LogFields, silentLog } from "../../src/base/log.ts";
import { makeKey } from "../fixtures/access.ts";
import { FakeClock } from "../fixtures/fake-clock.ts";

const key: KeyRecord = makeKey({ id: "key_one" }).record;
let folder: string;
let path: string;
let umask: number;
let told: string[];
const tell = ({ act }: LogFields, message: string) =>
  void told.push(typeof act === "string" ? act : message);
const log: Log = { ...silentLog, info: tell, warn: tell, error: tell };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "inferd-key-file-"));
  path = join(folder, "keys.db");
  umask = process.umask(0o022);
  told = [];
});

afterEach(() => {
  process.umask(umask);
  rmSync(folder, { recursive: true });
});

async function openRing(): Promise<KeyRing> {
  const ring = new KeyRing({ store: openSqliteKeys(path, "make"), clock: new FakeClock(), log });
  await ring.open();
  return ring;
}

/** Changes the file as a command beside a server does. */
async function change(file: string, act: (key: KeyRecord) => KeyRecord): Promise<void> {
  const store = openSqliteKeys(file, "must be there");
  await store.change(key.id, act);
  await store.close();
}

async function addKey(): Promise<void> {
  const store = openSqliteKeys(path, "make");
  await store.add(key);
  await store.close();
}

const modes = (): string[] =>
  ["", "-wal", "-shm", "-journal"]
    .filter((suffix) => existsSync(`${path}${suffix}`))
    .map((suffix) => (statSync(`${path}${suffix}`).mode & 0o777).toString(8));

it("is its owner's alone with all that SQLite keeps beside it, also while it is written", async () => {
  const store = openSqliteKeys(path, "make");
  await store.add(key);
  const seen: string[] = [];
  await store.change(key.id, (old) => {
    const writer = new DatabaseSync(path);
    writer.close();
    seen.push(...modes());
    return old;
  });
  seen.push(...modes());
  await store.close();
  expect(new Set(seen)).toEqual(new Set(["600"]));
});

it("of an earlier release is made its owner's alone with its log, and has no log from then on", async () => {
  const before = new DatabaseSync(path);
  before.exec("PRAGMA journal_mode = WAL; CREATE TABLE other (a)");
  expect(modes()).toEqual(["644", "644", "644"]);
  const store = openSqliteKeys(path, "make");
  // While a server of that release reads it, the log stays.
  expect(modes()).toEqual(["600", "600", "600"]);
  await store.close();
  before.close();
  await addKey();
  expect(modes()).toEqual(["600"]);
});

it("is followed where a backup takes its place, whose revocations hold", async () => {
  await addKey();
  const ring = await openRing();
  const backup = join(folder, "backup.db");
  cpSync(path, backup);
  await change(backup, (old) => revoked(old, 5));
  // Written after the backup was made: it must not come back with what lies beside the file.
  await change(path, (old) => ({ ...old, name: "later" }));
  await ring.refresh();
  renameSync(backup, path);
  await ring.refresh();
  expect(ring.find(key.id)).toEqual({ ...key, revokedAtMs: 5 });
  await change(path, (old) => ({ ...old, name: "last" }));
  await ring.refresh();
  expect(ring.find(key.id)?.name).toBe("last");
  expect(told).toEqual(["changed", "revoked", "changed"]);
  await ring.close();
});

it("that is gone leaves the keys known in force, with one line, until there is one again", async () => {
  await addKey();
  const ring = await openRing();
  const away = join(folder, "away.db");
  renameSync(path, away);
  await ring.refresh();
  await ring.refresh();
  expect(ring.find(key.id)).toEqual(key);
  expect(told).toEqual(["keys cannot be read; those known stay in force"]);
  expect(existsSync(path)).toBe(false);
  renameSync(away, path);
  await ring.refresh();
  expect(told).toContain("keys are read again");
  await ring.close();
});

it("that another program wrote without raising the version is read again", async () => {
  await addKey();
  const ring = await openRing();
  const other = new DatabaseSync(path);
  other.prepare("DELETE FROM inferd_keys").run();
  other.close();
  await ring.refresh();
  expect(ring.find(key.id)).toBeUndefined();
  expect(told).toEqual(["removed"]);
  await ring.close();
});

it("that another process is writing keeps no server waiting, and is no fault", async () => {
  await addKey();
  const ring = await openRing();
  const writer = new DatabaseSync(path);
  writer.exec("BEGIN EXCLUSIVE");
  await ring.refresh();
  expect(told).toEqual([]);
  writer.exec("UPDATE inferd_keys SET id = 'key_two'; ROLLBACK");
  writer.close();
  await ring.close();
});

it("is made by who may make one, and missed in one line by others", () => {
  expect(() => openSqliteKeys(path, "must be there")).toThrow(
    '--keys: keys.db cannot be used: there is no such file; "inferd keys create" makes one',
  );
  expect(existsSync(path)).toBe(false);
});

it("that holds other tables is not taken for an empty one", () => {
  new DatabaseSync(path).close();
  chmodSync(path, 0o600);
  expect(() => openSqliteKeys(path, "must be there")).toThrow("it holds no keys of inferd");
});
