import { expect, it } from "vitest";
import { ScriptedPrefixes } from "../../../src/engines/scripted/prefixes.ts";

it("knows the beginning of a prompt of the same scope, but for its last word", () => {
  const prefixes = new ScriptedPrefixes(100);
  expect(prefixes.read("key:one", "a b c")).toBe(0);
  expect(prefixes.read("key:one", "a b c")).toBe(2);
  expect(prefixes.read("key:one", "a b d e")).toBe(2);
  expect(prefixes.read("key:one", "b a")).toBe(0);
  expect(prefixes).toMatchObject({ saved: 3, restored: 2, evicted: 0 });
});

it("knows nothing of another scope", () => {
  const prefixes = new ScriptedPrefixes(100);
  prefixes.read("key:one", "a b c");
  expect(prefixes.read("key:other", "a b c")).toBe(0);
  expect(prefixes.read("", "a b c")).toBe(0);
  expect(prefixes.read("", "a b c")).toBe(2);
});

it("keeps to its bound: the oldest goes, and what is too long is never kept", () => {
  const prefixes = new ScriptedPrefixes(12);
  prefixes.read("", "a a a");
  prefixes.read("", "b b b");
  prefixes.read("", "c c c");
  expect(prefixes).toMatchObject({ bytes: 10, saved: 3, evicted: 1 });
  expect(prefixes.read("", "a a a")).toBe(0);
  prefixes.read("", "d d d d d d d");
  expect(prefixes).toMatchObject({ bytes: 10, saved: 4, evicted: 2 });
});
