import { createHmac } from "node:crypto";
import type { Job } from "../../engines/engine.ts";

/** What stands for a job where the job itself should not be kept: it cannot be read, or guessed without the key. */
export type Fingerprint = (job: Job) => string;

/** With a key that no caller knows, no caller can make a job that has the fingerprint of another's. */
export function fingerprintWith(key: Uint8Array): Fingerprint {
  return (job) => createHmac("sha256", key).update(canonical(job)).digest("base64url");
}

/**
 * Everything that the engine is asked for except the seed, which differs each time where the caller states none. The
 * caller is no part of it, so that what kills a worker is known again when another caller sends it. An items job's
 * `output` is not the engine's.
 */
const leftOut: ReadonlySet<string> = new Set(["seed", "cacheScope", "output"]);

function canonical(job: Job): string {
  return JSON.stringify(job, (key, value: unknown) => {
    if (leftOut.has(key)) return undefined;
    if (value instanceof Map) return sorted([...value.entries()]);
    if (value instanceof Uint32Array) return [...value];
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(sorted(Object.entries(value)));
  });
}

function sorted<Entry extends readonly [unknown, unknown]>(entries: Entry[]): Entry[] {
  return entries.sort(([one], [other]) => (String(one) < String(other) ? -1 : 1));
}
