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

export function toText(key: KeyRecord): string {
  return JSON.stringify(key);
}

/** Reads what `toText` wrote: only inferd writes these rows. */
export function fromText(text: string): KeyRecord {
  return JSON.parse(text) as KeyRecord;
}
