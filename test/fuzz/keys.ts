/**
 * The keys of the server that asks for one. They are the same in every run, so that a call is made again
 * from its two numbers, and their secrets hold what no error may repeat.
 */
import { createHash } from "node:crypto";
import { hashOf, type KeyRecord, keyText } from "../../src/auth/key.ts";
import { Secret } from "../../src/base/secret.ts";
import { type Scope, scopes } from "../../src/contract/scopes.ts";
import { canary } from "./values.ts";

const names = ["good", "narrow", "revoked", "expired"] as const;
export type KeyName = (typeof names)[number];

/** A secret has 43 characters. */
const secretOf = (name: KeyName): string => `${canary}_${name}_`.padEnd(43, "x");

/** Who has it may embed, and do nothing else. */
export const narrowScopes: readonly Scope[] = ["embed"];

const state: Readonly<Record<KeyName, Partial<KeyRecord>>> = {
  good: {},
  narrow: { scopes: narrowScopes },
  revoked: { revokedAtMs: 1 },
  expired: { expiresAtMs: 1 },
};

/** What its owner sends. */
export const keyTextOf = (name: KeyName): string => keyText(name, new Secret(secretOf(name)));

/** Each key as it is kept. */
export const keyRecords: readonly KeyRecord[] = names.map((name) => ({
  ...{ id: name, name, hash: hashOf(new Secret(secretOf(name))), scopes, models: [], quota: {} },
  createdAtMs: 0,
  ...state[name],
}));

export const hashOfKey = (name: KeyName): string => hashOf(new Secret(secretOf(name)));

/** The secret hashed in another way of writing, which leaks as much. */
const hexOf = (name: KeyName): string => createHash("sha256").update(secretOf(name)).digest("hex");

/** Finds what no error and no line of the log may hold: what callers said, and what is kept of their keys. */
export const planted = new RegExp(
  [
    canary,
    ...names.flatMap((name) => [hashOfKey(name), hexOf(name)].map((each) => each.slice(0, 16))),
  ].join("|"),
);
