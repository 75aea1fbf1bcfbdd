import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batchBudget, followSpeed, nextBatch } from "../../../src/engines/texts/plan.ts";

const waiting = (...lengths: readonly number[]) =>
  lengths.map((length, turn) => ({ length, turn }));

const lengthsOf = (batch: readonly { readonly length: number }[]) =>
  batch.map(({ length }) => length).toSorted((a, b) => a - b);

describe("nextBatch", () => {
  it.each([
    ["texts of one length go together", [10, 10, 10], 256, [10, 10, 10]],
    ["a text far longer waits", [10, 200, 10, 12], 4096, [10, 10, 12]],
    ["a first text that is long goes with what is near it", [200, 10, 190, 12], 4096, [190, 200]],
    ["the budget counts padding", [40, 50, 50, 50], 160, [40, 50, 50]],
    ["a text larger than the budget goes alone", [300, 10, 10], 256, [300]],
    ["short texts share a batch although they differ", [3, 9, 5], 256, [3, 5, 9]],
    ["nothing waits", [], 256, []],
  ])("%s", (_, lengths, budget, expected) => {
    expect(lengthsOf(nextBatch(waiting(...lengths), budget))).toEqual(expected);
  });

  const texts = fc
    .array(fc.record({ length: fc.integer({ min: 1, max: 512 }), order: fc.nat(1000) }), {
      minLength: 1,
      maxLength: 60,
    })
    .map((all) => all.map(({ length, order }, i) => ({ length, turn: order + i / 100 })));

  it("always takes the text whose turn it is, keeps the budget and pads little", () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 16, max: 1024 }), (all, budget) => {
        const batch = nextBatch(all, budget);
        const first = Math.min(...all.map(({ turn }) => turn));
        expect(batch.some(({ turn }) => turn === first)).toBe(true);
        expect(new Set(batch).size).toBe(batch.length);
        const padded = batch.length * Math.max(...lengthsOf(batch));
        if (batch.length > 1) expect(padded).toBeLessThanOrEqual(budget);
        const waste = padded - lengthsOf(batch).reduce((sum, length) => sum + length, 0);
        expect(waste).toBeLessThanOrEqual(padded / 8 + 16);
      }),
    );
  });
});

describe("the budget", () => {
  it.each([
    ["is what the speed allows", 10, 50, 500],
    ["has a floor", 0.01, 50, 128],
    ["has a ceiling", 1000, 50, 8192],
  ])("%s", (_, speed, ms, expected) => {
    expect(batchBudget(speed, ms)).toBe(expected);
  });

  it("follows a lasting change of speed within some batches, not one slow batch", () => {
    const once = followSpeed(10, 100, 100);
    expect(once).toBeGreaterThan(5);
    let speed = 10;
    for (let i = 0; i < 10; i++) speed = followSpeed(speed, 100, 100);
    expect(speed).toBeCloseTo(1, 0);
  });

  it("learns nothing from batches that are mostly overhead", () => {
    expect(followSpeed(10, 8, 8)).toBe(10);
    expect(followSpeed(10, 100, 0)).toBe(10);
  });
});
