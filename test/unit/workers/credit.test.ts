import fc from "fast-check";
import { expect, it } from "vitest";
import { costOf, countOf, Credit, Refund } from "../../../src/workers/credit.ts";

it("is spent at zero and below, and not above", () => {
  const credit = new Credit(2);
  credit.spend(1);
  expect(credit.isSpent).toBe(false);
  credit.spend(1);
  expect(credit.isSpent).toBe(true);
  credit.spend(3);
  credit.grant(3);
  expect(credit.isSpent).toBe(true);
  credit.grant(1);
  expect(credit.isSpent).toBe(false);
});

it("charges for pieces and each item, not for beginnings and ends", () => {
  const value = { kind: "float32", values: new Float32Array() } as const;
  const item = { index: 0, value, tokenCount: 0, truncated: false };
  expect(costOf({ kind: "started" })).toBe(0);
  expect(costOf({ kind: "piece", text: "a" })).toBe(1);
  expect(costOf({ kind: "items", items: [item, item, item] })).toBe(3);
});

it("charges more for an item of many bytes, which counts as one", () => {
  const facts = { index: 0, tokenCount: 0, truncated: false };
  const vectors = { kind: "float32", values: new Float32Array(16_384) } as const;
  const tokens = { kind: "tokens", dimensions: 1, vectors } as const;
  const numbers = { indices: new Uint32Array(8_192), values: new Float32Array(8_193) };
  const sparse = { kind: "sparse", ...numbers } as const;
  const costs = [tokens, sparse].map((value) => {
    const event = { kind: "items", items: [{ ...facts, value }] } as const;
    return { cost: costOf(event), count: countOf(event) };
  });
  expect(costs).toEqual([
    { cost: 1, count: 1 },
    { cost: 2, count: 1 },
  ]);
});

it("gives back what was read, in halves of the window at least", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100 }),
      fc.array(fc.integer({ min: 0, max: 80 })),
      (windowSize, costs) => {
        const refund = new Refund(windowSize);
        let read = 0;
        let given = 0;
        for (const cost of costs) {
          read += cost;
          const credit = refund.read(cost);
          if (credit > 0) expect(credit).toBeGreaterThanOrEqual(Math.floor(windowSize / 2));
          given += credit;
          // Never so much withheld that a window could be used up with nothing on its way back.
          expect(read - given).toBeLessThan(Math.max(1, Math.floor(windowSize / 2)));
        }
      },
    ),
  );
});
