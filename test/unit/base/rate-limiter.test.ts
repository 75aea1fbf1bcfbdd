import { expect, it } from "vitest";
import { RateLimiter } from "../../../src/base/rate-limiter.ts";

it("gives its burst at once, then as many as come back", () => {
  const allowance = new RateLimiter({ burst: 3, perSecond: 10 });
  expect([0, 0, 0, 0].map((now) => allowance.take(now))).toEqual([0, 0, 0, 100]);
  expect(allowance.take(40)).toBe(60);
  expect(allowance.take(100)).toBe(0);
  expect(allowance.take(100)).toBe(100);
});

it("holds no more than its burst, however long nobody takes", () => {
  const allowance = new RateLimiter({ burst: 2, perSecond: 1000 });
  const hour = 3_600_000;
  expect([hour, hour, hour].map((now) => allowance.take(now) === 0)).toEqual([true, true, false]);
});

it("is not fooled by a clock that goes back", () => {
  const allowance = new RateLimiter({ burst: 1, perSecond: 1 });
  expect(allowance.take(1000)).toBe(0);
  expect(allowance.take(0)).toBe(1000);
  expect(allowance.take(1500)).toBe(500);
});

it("lets a thing that is rarer than once a second happen", () => {
  const allowance = new RateLimiter({ burst: 1, perSecond: 0.2 });
  expect([0, 1, 4999, 5000].map((now) => allowance.take(now))).toEqual([0, 4999, 1, 0]);
});
