/** Keys in PostgreSQL, for servers on several machines. */
import { setTimeout as wait } from "node:timers/promises";
import { Pool } from "pg";
import type { Secret } from "../base/secret.ts";
import { keyStoreCloseMs } from "../base/shutdown-budget.ts";
import { fromRow, type KeyStore, listingOf, type Row, toText } from "./key-store.ts";

// Servers that start together must not create the tables at the same time. An advisory lock with this number prevents
// it.
const schema = `
  SELECT pg_advisory_xact_lock(711829475);
  CREATE TABLE IF NOT EXISTS inferd_keys (id text PRIMARY KEY, record text NOT NULL);
  CREATE TABLE IF NOT EXISTS inferd_keys_version (
    only_row integer PRIMARY KEY CHECK (only_row = 1),
    version bigint NOT NULL
  );
  INSERT INTO inferd_keys_version VALUES (1, 0) ON CONFLICT DO NOTHING;
`;

/** A restored backup can have the same number, but another table and transaction. */
const version = `SELECT concat_ws(':', tableoid, xmin, version) AS version FROM inferd_keys_version`;

const answerMs = 5000;

/** Throws an error of one line, without the URL, if the database cannot be reached. */
export async function openPostgresKeys(url: Secret): Promise<KeyStore> {
  const pool = new Pool({
    connectionString: url.reveal(),
    max: 2,
    connectionTimeoutMillis: answerMs,
    query_timeout: answerMs,
  });
  // The pool replaces a connection that breaks while idle at the next query.
  pool.on("error", () => undefined);
  try {
    await pool.query(schema);
  } catch (error) {
    await pool.end();
    const why = error instanceof Error && "code" in error ? String(error.code) : "no answer";
    throw new Error(`--keys: the PostgreSQL database cannot be used (${why})`, { cause: error });
  }
  return {
    version: async () => {
      const { rows } = await pool.query<{ version: string }>(version);
      const [row] = rows;
      if (row === undefined) throw new Error("the table inferd_keys_version is empty");
      return row.version;
    },
    list: async () => {
      const { rows } = await pool.query<Row>("SELECT id, record FROM inferd_keys ORDER BY id");
      return listingOf(rows);
    },
    add: (key) =>
      alone(pool, async (query) => {
        await query("INSERT INTO inferd_keys (id, record) VALUES ($1, $2)", [key.id, toText(key)]);
      }),
    change: (id, change) =>
      alone(pool, async (query) => {
        const [found] = await query("SELECT id, record FROM inferd_keys WHERE id = $1 FOR UPDATE", [
          id,
        ]);
        if (found === undefined) return undefined;
        const changed = change(fromRow(found));
        await query("UPDATE inferd_keys SET record = $1 WHERE id = $2", [toText(changed), id]);
        return changed;
      }),
    close: async () => {
      await Promise.race([pool.end(), wait(keyStoreCloseMs, undefined, { ref: false })]);
    },
  };
}

type Query = (text: string, values: readonly string[]) => Promise<readonly Row[]>;

async function alone<T>(pool: Pool, act: (query: Query) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    const result = await act(async (text, values) => {
      return (await client.query<Row>(text, [...values])).rows;
    });
    await client.query("UPDATE inferd_keys_version SET version = version + 1");
    await client.query("COMMIT");
    client.release();
    return result;
  } catch (error) {
    // The database rolls back the transaction of a closed connection, also without a command.
    client.release(true);
    throw error;
  }
}
