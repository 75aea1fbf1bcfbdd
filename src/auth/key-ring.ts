/**
 * All keys in memory: a call needs no query, and a store that is down for a while rejects no call. The store is polled
 * for changes several times a second.
 */
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { KeyRecord } from "./key.ts";
import { type KeyStore, toText } from "./key-store.ts";

// A change applies everywhere within a second, also if one poll is slow.
export const askEveryMs = 250;

/** Ids per log line. */
const mostTold = 20;

export interface KeyRingOptions {
  readonly store: KeyStore;
  readonly clock: Clock;
  readonly log: Log;
}

export class KeyRing {
  readonly #options: KeyRingOptions;
  #keys: ReadonlyMap<string, KeyRecord> = new Map();
  #version: string | undefined;
  #unreadable = "";
  #stop = (): void => undefined;
  #isClosed = false;
  #isLost = false;

  constructor(options: KeyRingOptions) {
    this.#options = options;
  }

  /** Reads all keys, then follows changes. Throws if they cannot be read. */
  async open(): Promise<void> {
    await this.#read();
    if (this.#keys.size === 0) {
      const hint = 'there is no key yet: "inferd keys create" makes one';
      this.#options.log.warn({}, hint);
    }
    this.#askLater();
  }

  find(id: string): KeyRecord | undefined {
    return this.#keys.get(id);
  }

  /** Polls the store now. If it cannot be read, the keys stay as they are. */
  async refresh(): Promise<void> {
    const { log } = this.#options;
    try {
      await this.#read();
      if (this.#isLost) log.info({}, "keys are read again");
      this.#isLost = false;
    } catch (error) {
      if (!this.#isLost) log.error({ error }, "keys cannot be read; those known stay in force");
      this.#isLost = true;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stop();
    await this.#options.store.close();
  }

  async #read(): Promise<void> {
    const { store, log } = this.#options;
    const version = await store.version();
    if (version === this.#version) return;
    const before = this.#keys;
    const { keys, unreadable } = await store.list();
    this.#keys = new Map(keys.map((key) => [key.id, key]));
    this.#tellUnreadable(unreadable);
    if (this.#version !== undefined) tellChanges(before, this.#keys, log);
    // If this version is older than the list, the next poll reads the list again.
    this.#version = version;
  }

  /** Once, not at each change of other keys. */
  #tellUnreadable(ids: readonly string[]): void {
    const now = ids.join(" ");
    if (now === this.#unreadable) return;
    this.#unreadable = now;
    if (ids.length === 0) return;
    const fields = { audit: true, count: ids.length, keys: ids.slice(0, mostTold) };
    this.#options.log.error(fields, "records of keys cannot be read; these keys are refused");
  }

  #askLater(): void {
    this.#stop = this.#options.clock.after(askEveryMs, () => {
      void this.refresh().then(() => {
        if (!this.#isClosed) this.#askLater();
      });
    });
  }
}

/** Every server logs which keys changed. */
function tellChanges(
  before: ReadonlyMap<string, KeyRecord>,
  now: ReadonlyMap<string, KeyRecord>,
  log: Log,
): void {
  for (const [id, key] of now) {
    const act = actOf(before.get(id), key);
    if (act !== undefined) log.info({ audit: true, act, key: id }, "key changed");
  }
  for (const id of before.keys()) {
    if (!now.has(id)) log.info({ audit: true, act: "removed", key: id }, "key changed");
  }
}

function actOf(before: KeyRecord | undefined, now: KeyRecord): string | undefined {
  if (before === undefined) return "created";
  // A backup can hold a key as it was before it was revoked.
  if (before.revokedAtMs !== now.revokedAtMs) {
    return now.revokedAtMs === undefined ? "no longer revoked" : "revoked";
  }
  if (before.hash !== now.hash) return "rotated";
  return toText(before) === toText(now) ? undefined : "changed";
}
