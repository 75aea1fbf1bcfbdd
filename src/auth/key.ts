/**
 * API keys: `id.secret`. The id finds the key and is not secret. Of the secret, 256 random bits, only the SHA-256 is
 * stored. A slow hash would add nothing: there is no dictionary of random bits.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Priority } from "../base/priority.ts";
import { Secret } from "../base/secret.ts";
import type { Scope } from "../contract/scopes.ts";
import type { Quota } from "./quota.ts";

/** A key as stored. Times are by the wall clock. */
export interface KeyRecord {
  readonly id: string;
  /** Owner or purpose, for people. */
  readonly name: string;
  /** SHA-256 of the secret, base64url. */
  readonly hash: string;
  /** The hash before the last rotation, and until when it is accepted. */
  readonly previous?: { readonly hash: string; readonly untilMs: number } | undefined;
  readonly scopes: readonly Scope[];
  /** Empty for all models. */
  readonly models: readonly string[];
  /** `batch` makes all its calls batch jobs. Undefined leaves the choice to the calls. */
  readonly priority?: Priority | undefined;
  readonly quota: Quota;
  readonly createdAtMs: number;
  readonly expiresAtMs?: number | undefined;
  readonly revokedAtMs?: number | undefined;
}

/** What a client sends. */
export interface PresentedKey {
  readonly id: string;
  readonly secret: Secret;
}

export type KeyState = "active" | "revoked" | "expired";

export function drawId(): string {
  return `key_${randomBytes(8).toString("hex")}`;
}

export function drawSecret(): Secret {
  return new Secret(randomBytes(32).toString("base64url"));
}

/** The whole key, shown to its owner once. */
export function keyText(id: string, secret: Secret): string {
  return `${id}.${secret.reveal()}`;
}

/** Reads `id.secret`. Undefined for anything else. */
export function parseKey(text: string): PresentedKey | undefined {
  const [, id, secret] = /^([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]{43})$/.exec(text) ?? [];
  if (id === undefined || secret === undefined) return undefined;
  return { id, secret: new Secret(secret) };
}

export function hashOf(secret: Secret): string {
  return createHash("sha256").update(secret.reveal()).digest("base64url");
}

// An unknown id is compared as well, so that timing does not reveal which ids exist.
const unknown = hashOf(drawSecret());

/** Whether the secret belongs to the key. Takes the same time for every secret. */
export function matches(key: KeyRecord | undefined, secret: Secret, nowMs: number): boolean {
  const given = Buffer.from(hashOf(secret), "base64url");
  const isSame = (hash: string): boolean => timingSafeEqual(given, Buffer.from(hash, "base64url"));
  const isCurrent = isSame(key?.hash ?? unknown);
  const isPrevious = isSame(key?.previous?.hash ?? unknown);
  const overlaps = key?.previous !== undefined && nowMs < key.previous.untilMs;
  return key !== undefined && (isCurrent || (isPrevious && overlaps));
}

export function stateOf({ revokedAtMs, expiresAtMs }: KeyRecord, nowMs: number): KeyState {
  if (revokedAtMs !== undefined) return "revoked";
  return expiresAtMs !== undefined && nowMs >= expiresAtMs ? "expired" : "active";
}

export function revoked(key: KeyRecord, nowMs: number): KeyRecord {
  return { ...key, revokedAtMs: key.revokedAtMs ?? nowMs, previous: undefined };
}

/** The key with a new secret. The old one is accepted for `overlapMs` more. */
export function rotated(
  key: KeyRecord,
  secret: Secret,
  { nowMs, overlapMs }: { readonly nowMs: number; readonly overlapMs: number },
): KeyRecord {
  const previous = overlapMs > 0 ? { hash: key.hash, untilMs: nowMs + overlapMs } : undefined;
  return { ...key, hash: hashOf(secret), previous };
}
