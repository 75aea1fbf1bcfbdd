import type { KeysLocation } from "../config/values.ts";
import type { KeyRecord } from "./key.ts";

/** Where keys are kept. Every change raises the version, which is how servers hear of it. */
export interface KeyStore {
  version(): Promise<number>;
  list(): Promise<readonly KeyRecord[]>;
  /** Fails where the id is taken. */
  add(key: KeyRecord): Promise<void>;
  /** Changes one key, alone. Gives undefined where there is none of that id. */
  change(id: string, change: (key: KeyRecord) => KeyRecord): Promise<KeyRecord | undefined>;
  close(): Promise<void>;
}

/** Opens a store, and makes it where there is none. Each kind is loaded only where it is used. */
export async function openKeyStore(location: KeysLocation): Promise<KeyStore> {
  switch (location.kind) {
    case "sqlite":
      return (await import("./sqlite-keys.ts")).openSqliteKeys(location.path);
    case "postgres":
      return (await import("./postgres-keys.ts")).openPostgresKeys(location.url);
  }
}

export function toText(key: KeyRecord): string {
  return JSON.stringify(key);
}

/** Reads what `toText` wrote: only inferd writes these rows. */
export function fromText(text: string): KeyRecord {
  return JSON.parse(text) as KeyRecord;
}
