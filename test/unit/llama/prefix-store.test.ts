import { expect, it } from "vitest";
import { PrefixStore } from "../../../src/engines/llama/prefix-store.ts";

const tokens = (first: number, length: number) =>
  Int32Array.from({ length }, (_, index) => first + index);

function open(limitBytes: number, whole = false) {
  const store = new PrefixStore(limitBytes);
  const freed: string[] = [];
  const put = (name: string, of: Int32Array, { bytes = of.length, scope = "" } = {}) =>
    store.put({ tokens: of, scope, whole, state: { bytes, free: () => void freed.push(name) } });
  const find = (prompt: Int32Array, scope = "") => store.find(prompt, scope);
  return { store, freed, put, find };
}

it("finds the prefix that has the most of a prompt, and leaves one token to compute", () => {
  const { put, find } = open(1000);
  put("short", tokens(1, 40));
  put("other", Int32Array.of(...tokens(1, 50), ...tokens(900, 50)));
  expect(find(tokens(1, 60))?.common).toBe(50);
  expect(find(tokens(1, 50))?.common).toBe(49);
  expect(find(tokens(2, 50))).toBeUndefined();
});

it("shows nothing to another scope", () => {
  const { store, put, find } = open(1000);
  put("a", tokens(1, 40), { scope: "key:a" });
  expect(find(tokens(1, 60), "key:b")).toBeUndefined();
  expect(store.holds(tokens(1, 40), "key:b")).toBe(false);
  expect(find(tokens(1, 60), "key:a")?.common).toBe(40);
});

it("keeps a conversation once: what it has grown from goes", () => {
  const { store, freed, put } = open(1000);
  put("first", tokens(1, 40));
  put("other scope", tokens(1, 40), { scope: "b" });
  put("grown", tokens(1, 80));
  expect(freed).toEqual(["first"]);
  expect(store.bytes).toBe(120);
  expect(store.holds(tokens(1, 40), "")).toBe(true);
});

it("drops what was used longest ago, and among those of an age what spares the fewest tokens a byte", () => {
  const { store, freed, put, find } = open(100);
  put("first", tokens(1, 40));
  put("second", tokens(100, 40));
  store.use(find(tokens(1, 41))!.prefix);
  put("third", tokens(200, 40));
  expect(freed).toEqual(["second"]);
  put("costly", tokens(300, 5), { bytes: 20 });
  put("fourth", tokens(400, 30));
  expect(freed).toEqual(["second", "costly", "first"]);
  expect(store.counts).toEqual({ saved: 5, restored: 1, evicted: 3 });
});

it("takes nothing that is larger than its bound, and nothing at all where that is zero", () => {
  const { store, freed, put } = open(0);
  put("any", tokens(1, 40));
  expect([freed, store.bytes, store.counts.saved]).toEqual([["any"], 0, 0]);
});

it("gives a state that cannot be cut as a whole, and keeps each of a conversation's", () => {
  const { store, freed, put, find } = open(1000, true);
  put("first", tokens(1, 40));
  put("grown", tokens(1, 80));
  expect(freed).toEqual([]);
  expect(find(tokens(1, 60))?.common).toBe(40);
  expect(find(tokens(1, 81))?.common).toBe(80);
  expect(store.holds(tokens(1, 60), "")).toBe(false);
  store.clear();
  expect(freed).toEqual(["first", "grown"]);
});
