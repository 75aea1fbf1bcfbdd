/**
 * All keys, in memory: a call costs no query, and a store that does not answer for a while stops
 * nobody. Several times a second the store is asked whether anything changed.
 */
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { KeyRecord } from "./key.ts";
import { type KeyStore, toText } from "./key-store.ts";

// A change is seen everywhere within a second, also where one asking takes its time.
export const askEveryMs = 250;

/** Ids in one line of the log. */
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

  /** Reads all keys, and follows them from then on. Throws where they cannot be read. */
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

  /** Asks the store now. What cannot be read leaves the keys as they are. */
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
    // Older than what was listed, if anything: then the next asking lists again.
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

/** Every server says in its own log which keys changed under it. */
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
  // A backup may hold a key as it was before it was revoked.
  if (before.revokedAtMs !== now.revokedAtMs) {
    return now.revokedAtMs === undefined ? "no longer revoked" : "revoked";
  }
  if (before.hash !== now.hash) return "rotated";
  return toText(before) === toText(now) ? undefined : "changed";
}
