import { Secret } from "../../../base/secret.ts";
import { settingKeys } from "../../../config/config.ts";
import { type Config, fileKey, type SettingKey } from "../../../config/settings.ts";

/** Which settings a running server can reload. */
const changeable: ReadonlySet<SettingKey> = new Set<SettingKey>([
  "models",
  "model",
  "logLevel",
  "quotaRequestsPerMinute",
  "quotaConcurrentCalls",
  "quotaTokensPerMinute",
  "quotaTokensPerDay",
]);

/** Settings, in the file's spelling, that changed and need a restart. */
export function fixedChanges(running: Config, read: Config): readonly string[] {
  return settingKeys
    .filter((key) => !changeable.has(key) && !isSame(running[key], read[key]))
    .map(fileKey);
}

function isSame(a: unknown, b: unknown): boolean {
  if (a instanceof Secret && b instanceof Secret) return a.equals(b);
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  const entries = Object.entries(a);
  const others = new Map<string, unknown>(Object.entries(b));
  return (
    entries.length === others.size &&
    entries.every(([key, value]) => isSame(value, others.get(key)))
  );
}
