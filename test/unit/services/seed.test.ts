import fc from "fast-check";
import { expect, it } from "vitest";
import { foldSeed } from "../../../src/services/seed.ts";

it("leaves what engines can take as it is", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 32 - 2 }), (seed) => {
      expect(foldSeed(BigInt(seed))).toBe(seed);
    }),
  );
});

it("gives every other one a number that they can take, and never the one that llama.cpp replaces", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (seed) => {
      const folded = foldSeed(seed);
      expect(Number.isInteger(folded) && folded >= 0 && folded < 2 ** 32 - 1).toBe(true);
    }),
  );
});

it("tells seeds apart that differ in their upper half, or in their sign", () => {
  const seeds = [
    5n,
    -5n,
    5n + 2n ** 32n,
    5n + 2n ** 40n,
    2n ** 32n - 1n,
    2n ** 63n - 1n,
    -(2n ** 63n),
  ];
  expect(new Set(seeds.map(foldSeed)).size).toBe(seeds.length);
});
