import type { KeysLocation } from "../config/values.ts";
import type { KeyStore } from "./key-store.ts";
import type { Making } from "./sqlite-file.ts";

/** Opens a store. Tables in PostgreSQL are made where there are none. Each kind is loaded only where it is used. */
export async function openKeyStore(location: KeysLocation, making: Making): Promise<KeyStore> {
  switch (location.kind) {
    case "sqlite":
      return (await import("./sqlite-keys.ts")).openSqliteKeys(location.path, making);
    case "postgres":
      return (await import("./postgres-keys.ts")).openPostgresKeys(location.url);
  }
}
