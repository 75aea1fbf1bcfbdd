import { expect, it } from "vitest";
import { Bucket } from "../../../src/base/bucket.ts";

it("gives its burst at once, then as many as come back", () => {
  const bucket = new Bucket({ burst: 3, perSecond: 10 }, 0);
  expect([0, 0, 0, 0].map((now) => bucket.take(now))).toEqual([0, 0, 0, 100]);
  expect(bucket.take(40)).toBeCloseTo(60);
  expect(bucket.take(100)).toBe(0);
  expect(bucket.take(100)).toBeCloseTo(100);
});

it("holds no more than its burst, however long nobody takes", () => {
  const bucket = new Bucket({ burst: 2, perSecond: 1000 }, 0);
  const hour = 3_600_000;
  expect([hour, hour, hour].map((now) => bucket.take(now) === 0)).toEqual([true, true, false]);
});

it("is not fooled by a clock that goes back", () => {
  const bucket = new Bucket({ burst: 1, perSecond: 1 }, 1000);
  expect(bucket.take(1000)).toBe(0);
  expect(bucket.take(0)).toBe(1000);
  expect(bucket.take(1500)).toBeCloseTo(500);
});
