import { expect, it } from "vitest";
import type { PrefixCounts } from "../../../src/base/meter.ts";
import { grownBy } from "../../../src/workers/prefix-counts.ts";

const counts = (saved: number, restored = 0, evicted = 0): PrefixCounts => ({
  saved,
  restored,
  evicted,
});

/** What is told of a worker that says these totals one after the other. */
function told(said: readonly PrefixCounts[]): readonly PrefixCounts[] {
  const all: PrefixCounts[] = [];
  let before: PrefixCounts | undefined;
  for (const now of said) {
    const { more, counted } = grownBy(before, now);
    before = counted;
    if (more !== undefined) all.push(more);
  }
  return all;
}

it("tells of a worker's first totals whole, and of later ones by how much they have grown", () => {
  const said = [counts(2, 1), counts(2, 4), counts(5, 4, 3)];
  expect(told(said)).toEqual([counts(2, 1), counts(0, 3), counts(3, 0, 3)]);
});

it("tells of the first word although it is of nothing, and of no other such", () => {
  expect(told([counts(0), counts(0), counts(1), counts(1)])).toEqual([counts(0), counts(1)]);
});

it("tells of nothing twice where a total falls and rises again", () => {
  const said = [counts(10, 5), counts(3, 6), counts(10, 7), counts(12, 7)];
  expect(told(said)).toEqual([counts(10, 5), counts(0, 1), counts(0, 1), counts(2)]);
});
