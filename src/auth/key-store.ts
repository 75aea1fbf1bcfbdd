import type { KeyRecord } from "./key.ts";

/** Contents of a store. */
export interface Listing {
  readonly keys: readonly KeyRecord[];
  /** Ids whose records inferd did not write. These keys are rejected. */
  readonly unreadable: readonly string[];
}

/** Storage of keys. Every change increments the version, by which servers notice it. */
export interface KeyStore {
  version(): Promise<string>;
  list(): Promise<Listing>;
  /** Fails if the id exists. */
  add(key: KeyRecord): Promise<void>;
  /** Changes one key in a transaction. Returns undefined if there is none of that id. */
  change(id: string, change: (key: KeyRecord) => KeyRecord): Promise<KeyRecord | undefined>;
  close(): Promise<void>;
}

/** A record as stored in a table. */
export interface Row {
  readonly id: string;
  readonly record: string;
}

export function toText(key: KeyRecord): string {
  return JSON.stringify(key);
}

/** Reads what `toText` wrote. Throws for anything else: another program may have changed the table. */
export function fromRow({ id, record }: Row): KeyRecord {
  const key = tryRead(record);
  if (key !== undefined && key.id === id) return key;
  throw new Error(
    `--keys: the record of ${JSON.stringify(id)} cannot be read; revoke it in the table`,
  );
}

/** One unreadable record must not hide the others. */
export function listingOf(rows: readonly Row[]): Listing {
  const keys: KeyRecord[] = [];
  const unreadable: string[] = [];
  for (const { id, record } of rows) {
    const key = tryRead(record);
    if (key?.id === id) keys.push(key);
    else unreadable.push(id);
  }
  return { keys, unreadable };
}

function tryRead(record: string): KeyRecord | undefined {
  try {
    const read: unknown = JSON.parse(record);
    return isKey(read) ? read : undefined;
  } catch {
    return undefined;
  }
}

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string";
const isTime: Check = (value) => typeof value === "number" && Number.isFinite(value);
const isHash: Check = (value) => typeof value === "string" && /^[A-Za-z0-9_-]{43}$/.test(value);
const isTexts: Check = (value) => Array.isArray(value) && value.every(isText);
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);

const fields: Readonly<Record<keyof KeyRecord, Check>> = {
  id: isText,
  name: isText,
  hash: isHash,
  previous: optional(
    (value) => isObject(value) && isHash(value["hash"]) && isTime(value["untilMs"]),
  ),
  // A scope unknown to this release allows nothing, and removes nothing.
  scopes: isTexts,
  models: isTexts,
  priority: optional((value) => value === "interactive" || value === "batch"),
  quota: (value) => isObject(value) && Object.values(value).every(optional(isTime)),
  createdAtMs: isTime,
  expiresAtMs: optional(isTime),
  revokedAtMs: optional(isTime),
};

function isKey(value: unknown): value is KeyRecord {
  return isObject(value) && Object.entries(fields).every(([name, check]) => check(value[name]));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
