import type { KeysLocation } from "../config/values.ts";
import type { KeyStore } from "./key-store.ts";

/** Opens a store, and makes it where there is none. Each kind is loaded only where it is used. */
export async function openKeyStore(location: KeysLocation): Promise<KeyStore> {
  switch (location.kind) {
    case "sqlite":
      return (await import("./sqlite-keys.ts")).openSqliteKeys(location.path);
    case "postgres":
      return (await import("./postgres-keys.ts")).openPostgresKeys(location.url);
  }
}
