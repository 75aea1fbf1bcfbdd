import type { KeysLocation } from "../config/values.ts";
import type { KeyStore } from "./key-store.ts";
import type { Making } from "./sqlite-file.ts";

/** Opens a store. Missing tables in PostgreSQL are created. Each kind is imported only if it is used. */
export async function openKeyStore(location: KeysLocation, making: Making): Promise<KeyStore> {
  switch (location.kind) {
    case "sqlite":
      return (await import("./sqlite-keys.ts")).openSqliteKeys(location.path, making);
    case "postgres":
      return (await import("./postgres-keys.ts")).openPostgresKeys(location.url);
  }
}
