import { describe, expect, it } from "vitest";
import { median, percentile, rounded, slope, spread } from "../../../bench/lib/statistics.ts";

describe("percentile", () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);

  it.each([
    { values: hundred, share: 0.5, is: 50 },
    { values: hundred, share: 0.99, is: 99 },
    { values: hundred, share: 1, is: 100 },
    { values: [7], share: 0.01, is: 7 },
    { values: [1, 2], share: 0.5, is: 1 },
    { values: [1, 2, 3], share: 0.95, is: 3 },
  ])("gives a value that was measured, never one between", ({ values, share, is }) => {
    expect(percentile(values, share)).toBe(is);
  });
});

describe("spread", () => {
  it("sorts by number, not by text", () => {
    expect(spread([100, 9, 20])).toEqual({
      count: 3,
      mean: 43,
      p50: 20,
      p95: 100,
      p99: 100,
      max: 100,
    });
  });

  it("is undefined where nothing was measured", () => {
    expect(spread([])).toBeUndefined();
  });
});

describe("slope", () => {
  it("is that of the line through points that lie on one", () => {
    expect(
      slope([
        [0, 5],
        [10, 8],
        [20, 11],
      ]),
    ).toBeCloseTo(0.3);
  });

  it("is that of the nearest line through others, wherever they begin", () => {
    // Worked out by hand: 1.4 together over 2 apart.
    expect(
      slope([
        [100, 1],
        [101, 2.2],
        [102, 2.4],
      ]),
    ).toBeCloseTo(0.7);
  });

  it("is none where nothing moved along", () => {
    expect(
      slope([
        [1, 1],
        [1, 2],
      ]),
    ).toBeNaN();
  });
});

describe("median", () => {
  it.each([
    { values: [3, 1, 2], is: 2 },
    { values: [4, 1, 3, 2], is: 2.5 },
    { values: [5], is: 5 },
  ])("of $values is $is", ({ values, is }) => {
    expect(median(values)).toBe(is);
  });

  it("refuses to invent one", () => {
    expect(() => median([])).toThrow("nothing was measured");
  });
});

it.each([
  { value: 1.23456, is: 1.235 },
  { value: 123.456, is: 123.5 },
  { value: 98765.4, is: 98765 },
  { value: 0, is: 0 },
])("rounds $value to $is", ({ value, is }) => {
  expect(rounded(value)).toBe(is);
});
