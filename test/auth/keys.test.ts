/** Keys where they are kept: the same tests for SQLite and for a real PostgreSQL server. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { revoked } from "../../src/auth/key.ts";
import { askEveryMs, KeyRing } from "../../src/auth/key-ring.ts";
import type { KeyStore } from "../../src/auth/key-store.ts";
import { openKeyStore } from "../../src/auth/open-key-store.ts";
import { type Log, type LogFields, silentLog } from "../../src/base/log.ts";
import { Secret } from "../../src/base/secret.ts";
import type { KeysLocation } from "../../src/config/values.ts";
import { makeKey } from "../fixtures/access.ts";
import { FakeClock } from "../fixtures/fake-clock.ts";
import { openRelay } from "../fixtures/relay.ts";
import { findPostgres, type Postgres, startPostgres } from "../fixtures/postgres.ts";

const folder = mkdtempSync(join(tmpdir(), "inferd-keys-"));
const programs = findPostgres();
let postgres: Postgres | undefined;

beforeAll(async () => {
  if (programs !== undefined) postgres = await startPostgres(programs);
});

afterAll(async () => {
  await postgres?.stop();
  rmSync(folder, { recursive: true });
});

if (programs === undefined) {
  // eslint-disable-next-line no-console
  console.warn(
    "the tests of keys in PostgreSQL are skipped: this machine has no initdb and postgres",
  );
}

const kinds = [
  ["SQLite", true, (): KeysLocation => ({ kind: "sqlite", path: join(folder, "keys.db") })],
  [
    "PostgreSQL",
    programs !== undefined,
    (): KeysLocation => ({ kind: "postgres", url: new Secret(postgres?.url ?? "") }),
  ],
] as const;

let made = 0;
/** A key of its own for each test: they share a database. */
const another = (parts = {}) => makeKey({ id: `key_${++made}`, ...parts }).record;

/** Writes into a record what inferd never writes. */
async function spoil(location: KeysLocation, id: string, record = "garbage"): Promise<void> {
  if (location.kind === "sqlite") {
    const database = new DatabaseSync(location.path);
    database.prepare("UPDATE inferd_keys SET record = ? WHERE id = ?").run(record, id);
    database.close();
    return;
  }
  const client = new Client({ connectionString: location.url.reveal() });
  await client.connect();
  await client.query("UPDATE inferd_keys SET record = $1 WHERE id = $2", [record, id]);
  await client.end();
}

describe.each(kinds)("keys in %s", (_, isHere, location) => {
  const test = it.skipIf(!isHere);

  const withStore = async (act: (store: KeyStore) => Promise<void>): Promise<void> => {
    const store = await openKeyStore(location(), "make");
    try {
      await act(store);
    } finally {
      await store.close();
    }
  };

  test("are there as they were written, for whoever opens it next", async () => {
    const key = another({ models: ["a"], quota: { tokensPerDay: 5 }, expiresAtMs: 7 });
    await withStore((store) => store.add(key));
    await withStore(async (store) => {
      expect((await store.list()).keys).toContainEqual(key);
    });
  });

  test("are never written over by another of the same id", async () => {
    const key = another();
    await withStore(async (store) => {
      await store.add(key);
      await expect(store.add({ ...key, name: "other" })).rejects.toThrow();
      expect((await store.list()).keys).toContainEqual(key);
    });
  });

  test("change one at a time, however many change them at once", async () => {
    const key = another({ name: "" });
    await withStore(async (store) => {
      await store.add(key);
      await Promise.all(
        Array.from({ length: 20 }, () =>
          store.change(key.id, (old) => ({ ...old, name: `${old.name}x` })),
        ),
      );
      const changed = (await store.list()).keys.find(({ id }) => id === key.id);
      expect(changed?.name).toBe("x".repeat(20));
      expect(await store.change("key_none", (old) => old)).toBeUndefined();
    });
  });

  test("that are changed to what nobody can read stop no others, and are told once", async () => {
    const [good, bad] = [another(), another()];
    const errors: LogFields[] = [];
    const log: Log = { ...silentLog, error: (fields) => void errors.push(fields) };
    const ring = new KeyRing({
      store: await openKeyStore(location(), "make"),
      clock: new FakeClock(),
      log,
    });
    await withStore(async (store) => {
      await store.add(good);
      await store.add(bad);
      await ring.open();
      await spoil(location(), bad.id);
      for (const at of [5, 6]) {
        await store.change(good.id, (old) => ({ ...old, revokedAtMs: at }));
        await ring.refresh();
        expect(ring.find(good.id)?.revokedAtMs).toBe(at);
      }
      expect((await store.list()).unreadable).toEqual([bad.id]);
      await expect(store.change(bad.id, (old) => old)).rejects.toThrow(`record of "${bad.id}"`);
    });
    expect(ring.find(bad.id)).toBeUndefined();
    expect(errors).toEqual([{ audit: true, count: 1, keys: [bad.id] }]);
    await ring.close();
    await spoil(location(), bad.id, JSON.stringify(bad));
  });

  test("reach every server within a second, and each says so in its log", async () => {
    const key = another();
    const servers = await Promise.all(
      Array.from({ length: 2 }, async () => {
        const lines: LogFields[] = [];
        const log: Log = { ...silentLog, info: (fields) => void lines.push(fields) };
        const clock = new FakeClock();
        const ring = new KeyRing({ store: await openKeyStore(location(), "make"), clock, log });
        await ring.open();
        return { ring, clock, lines };
      }),
    );
    /** Lets one asking pass, and waits until it has been answered: then the next is under way. */
    const pass = async (): Promise<void> => {
      expect(askEveryMs).toBeLessThan(1000);
      for (const { clock } of servers) clock.advance(askEveryMs);
      for (const { clock } of servers) {
        await expect.poll(() => clock.waits.length, { timeout: 5000 }).toBe(1);
      }
    };
    await withStore(async (store) => {
      await store.add(key);
      await pass();
      for (const { ring } of servers) expect(ring.find(key.id)).toEqual(key);
      await store.change(key.id, (old) => revoked(old, 5));
      await pass();
      for (const { ring } of servers) expect(ring.find(key.id)?.revokedAtMs).toBe(5);
    });
    for (const { ring, lines } of servers) {
      expect(lines).toEqual([
        { audit: true, act: "created", key: key.id },
        { audit: true, act: "revoked", key: key.id },
      ]);
      await ring.close();
    }
  });
});

it("keeps the keys it knows while its store gives no answer, and says so once", async () => {
  const key = another();
  let isLost = false;
  const store: KeyStore = {
    version: () => (isLost ? Promise.reject(new Error("gone")) : Promise.resolve("1")),
    list: () => Promise.resolve({ keys: [key], unreadable: [] }),
    add: () => Promise.resolve(),
    change: () => Promise.resolve(undefined),
    close: () => Promise.resolve(),
  };
  const errors: string[] = [];
  const log: Log = { ...silentLog, error: (_, message) => void errors.push(message) };
  const ring = new KeyRing({ store, clock: new FakeClock(), log });
  await ring.open();
  isLost = true;
  await ring.refresh();
  await ring.refresh();
  expect(ring.find(key.id)).toEqual(key);
  expect(errors).toHaveLength(1);
  await ring.close();
});

it.skipIf(programs === undefined)(
  "lets go of a PostgreSQL that gives no answer any more, and does not wait for one",
  async () => {
    const { port } = new URL(postgres?.url ?? "");
    const relay = await openRelay(Number(port));
    const url = new Secret(`postgres://inferd@127.0.0.1:${relay.port}/postgres`);
    const store = await openKeyStore({ kind: "postgres", url }, "make");
    relay.fallSilent();
    let isAnswered = false;
    const asked = store.version().catch(() => undefined);
    void asked.then(() => (isAnswered = true));
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    await turn();
    await store.close();
    await turn();
    expect(isAnswered).toBe(false);
    relay.close();
    await asked;
  },
);

it.skipIf(programs === undefined)("takes back a change that fails half-way", async () => {
  const key = another();
  const store = await openKeyStore(
    { kind: "postgres", url: new Secret(postgres?.url ?? "") },
    "make",
  );
  await store.add(key);
  const failing = store.change(key.id, () => {
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  // The row is not locked any more.
  expect(await store.change(key.id, (old) => ({ ...old, name: "next" }))).toBeDefined();
  await store.close();
});

it("says in one line, without a path, that a file holds something else", async () => {
  const path = join(folder, "text.db");
  writeFileSync(
    path,
    "this is no database, but a text of some length that SQLite reads as a header",
  );
  await expect(openKeyStore({ kind: "sqlite", path }, "make")).rejects.toThrow(
    /^--keys: text.db cannot be used/,
  );
});

it("says in one line, without the URL, that PostgreSQL cannot be reached", async () => {
  const url = new Secret("postgres://inferd:hunter2@127.0.0.1:1/keys");
  await expect(openKeyStore({ kind: "postgres", url }, "make")).rejects.toThrow(
    "--keys: the PostgreSQL database cannot be used (ECONNREFUSED)",
  );
});
