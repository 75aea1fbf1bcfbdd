import fc from "fast-check";
import { expect, it } from "vitest";
import { highestOf, noHighWater, see, windowMs } from "../../../src/scheduling/high-water.ts";

it("keeps the most for a window at least and for two at most", () => {
  const seen = fc.array(
    fc.record({ afterMs: fc.integer({ min: 0, max: 2 * windowMs }), value: fc.nat(16) }),
    { minLength: 1, maxLength: 40 },
  );
  fc.assert(
    fc.property(seen, (steps) => {
      let nowMs = 5_000_000;
      let peak = noHighWater;
      const past: { readonly atMs: number; readonly value: number }[] = [];
      const most = (withinMs: number): number =>
        Math.max(...past.map(({ atMs, value }) => (nowMs - atMs <= withinMs ? value : 0)));
      for (const { afterMs, value } of steps) {
        nowMs += afterMs;
        past.push({ atMs: nowMs, value });
        peak = see(peak, value, nowMs);
        expect(highestOf(peak)).toBeGreaterThanOrEqual(most(windowMs));
        expect(highestOf(peak)).toBeLessThanOrEqual(most(2 * windowMs));
      }
    }),
  );
});
