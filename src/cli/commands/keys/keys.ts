/** `inferd keys`: creates, lists, revokes and rotates API keys. */
import {
  drawId,
  drawSecret,
  hashOf,
  type KeyRecord,
  keyText,
  revoked,
  rotated,
  stateOf,
} from "../../../auth/key.ts";
import type { KeyStore } from "../../../auth/key-store.ts";
import { openKeyStore } from "../../../auth/open-key-store.ts";
import type { Making } from "../../../auth/sqlite-file.ts";
import { type Quota, quotaKeys } from "../../../auth/quota.ts";
import { wallMs } from "../../../base/clock.ts";
import { openLog } from "../../../base/log.ts";
import type { Priority } from "../../../base/priority.ts";
import type { Scope } from "../../../contract/scopes.ts";
import { readConfig, type SettingFlags } from "../../configuration.ts";
import { UsageError } from "../../failure.ts";
import { escaped, say, table, write, writeJson } from "../../print.ts";

export type KeysFlags = SettingFlags & { readonly json?: boolean };

export type CreateFlags = KeysFlags &
  Quota & {
    readonly name: string;
    readonly scope: readonly Scope[];
    readonly forModel: readonly string[];
    readonly priority: Priority;
    readonly expires?: number;
  };

export type RotateFlags = KeysFlags & { readonly overlap: number };

export async function createKey(flags: CreateFlags): Promise<void> {
  const { name, scope, forModel, priority, expires } = flags;
  const nowMs = wallMs();
  const secret = drawSecret();
  const given = quotaKeys.filter((key) => flags[key] !== undefined);
  const key: KeyRecord = {
    id: drawId(),
    name,
    hash: hashOf(secret),
    scopes: [...new Set(scope)],
    models: [...new Set(forModel)],
    priority,
    quota: Object.fromEntries(given.map((each) => [each, flags[each]])),
    createdAtMs: nowMs,
    ...(expires === undefined ? {} : { expiresAtMs: nowMs + expires }),
  };
  await withStore(flags, "make", (store) => store.add(key));
  await write(`${keyText(key.id, secret)}\n`);
  await audit("created", key);
}

export async function listKeys(flags: KeysFlags): Promise<void> {
  const nowMs = wallMs();
  const listing = await withStore(flags, "must be there", (store) => store.list());
  const keys = listing.keys.map((key) => describe(key, nowMs));
  for (const id of listing.unreadable) say(`inferd: the record of ${escaped(id)} cannot be read`);
  if (flags.json === true) return writeJson(keys);
  const rows = keys.map(({ id, name, state, scopes, models, priority, quota, expires }) => [
    id,
    name,
    state,
    scopes.join(" "),
    models.length === 0 ? "all" : models.join(" "),
    priority,
    Object.entries(quota)
      .map(([limit, value]) => `${limit}=${value}`)
      .join(" "),
    expires ?? "never",
  ]);
  const header = ["ID", "NAME", "STATE", "SCOPES", "MODELS", "PRIORITY", "QUOTA", "EXPIRES"];
  await write(`${table(header, rows)}\n`);
}

export async function revokeKey(id: string, flags: KeysFlags): Promise<void> {
  const nowMs = wallMs();
  await audit("revoked", await changeKey(id, flags, (key) => revoked(key, nowMs)));
}

export async function rotateKey(id: string, flags: RotateFlags): Promise<void> {
  const secret = drawSecret();
  const times = { nowMs: wallMs(), overlapMs: flags.overlap };
  const key = await changeKey(id, flags, (before) => {
    const state = stateOf(before, times.nowMs);
    if (state !== "active") throw new UsageError(`the key ${id} is ${state}; create another`);
    return rotated(before, secret, times);
  });
  await write(`${keyText(id, secret)}\n`);
  await audit("rotated", key);
}

async function changeKey(
  id: string,
  flags: KeysFlags,
  change: (key: KeyRecord) => KeyRecord,
): Promise<KeyRecord> {
  const key = await withStore(flags, "must be there", (store) => store.change(id, change));
  if (key === undefined)
    throw new UsageError(`there is no key ${escaped(id)}; "inferd keys list" shows all`);
  return key;
}

async function withStore<T>(
  flags: KeysFlags,
  making: Making,
  act: (store: KeyStore) => Promise<T>,
): Promise<T> {
  const { keys } = await readConfig(flags);
  if (keys === undefined) {
    throw new UsageError("say where keys are kept: --keys FILE, or INFERD_KEYS");
  }
  const store = await openKeyStore(keys, making);
  try {
    return await act(store);
  } finally {
    await store.close();
  }
}

/** Logs to standard error what was done. The key itself goes to standard output, for its owner. */
async function audit(act: string, key: KeyRecord): Promise<void> {
  const isTerminal = process.stderr.isTTY;
  const log = await openLog({ level: "info", format: isTerminal ? "pretty" : "json" });
  const { id, name, scopes, models, priority } = key;
  log.info({ audit: true, act, key: id, name, scopes, models, priority }, "key changed");
}

function describe(key: KeyRecord, nowMs: number) {
  const { id, name, scopes, models, priority = "interactive", quota } = key;
  const time = (ms: number | undefined): string | undefined =>
    ms === undefined ? undefined : new Date(ms).toISOString();
  return {
    id,
    name,
    state: stateOf(key, nowMs),
    scopes,
    models,
    priority,
    quota,
    created: time(key.createdAtMs),
    expires: time(key.expiresAtMs),
    revoked: time(key.revokedAtMs),
  };
}
