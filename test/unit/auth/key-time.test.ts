/** Guesses must cost the same whatever they are: a clock is no witness in a test, so calls are counted. */
import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import { afterAll, beforeEach, expect, it, vi } from "vitest";
import { drawSecret, hashOf, matches } from "../../../src/auth/key.ts";
import { Secret } from "../../../src/base/secret.ts";
import { makeKey } from "../../fixtures/access.ts";

const compare = vi.spyOn(crypto, "timingSafeEqual");
// What imports it by name sees the spy too.
beforeEach(() => {
  compare.mockClear();
  syncBuiltinESMExports();
});
afterAll(() => {
  compare.mockRestore();
  syncBuiltinESMExports();
});

const { record, text } = makeKey();
const right = new Secret(text.split(".")[1]!);
const rotating = { ...record, previous: { hash: hashOf(drawSecret()), untilMs: 10 } };

it.each([
  ["the right secret", record, right, true],
  ["another", record, drawSecret(), false],
  ["one that begins right", record, new Secret(`${right.reveal().slice(0, -1)}-`), false],
  ["a key that is rotated", rotating, drawSecret(), false],
  ["no key", undefined, drawSecret(), false],
])("CVE-2025-59425 (vLLM, keys by time): %s costs two whole digests", (_, key, secret, isRight) => {
  expect(matches(key, secret, 0)).toBe(isRight);
  expect(compare.mock.calls.map((sides) => sides.map((side) => side.byteLength))).toEqual([
    [32, 32],
    [32, 32],
  ]);
});
