import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextRetryAt } from "../../../src/scheduling/retry-after.ts";

const refusal = { nowMs: 1000, drainMs: 5000, slotMs: 500, promisedAtMs: 0 };

describe("a refused caller's turn", () => {
  it.each([
    ["comes when the queue of now was started", {}, 6000],
    ["comes soon where nothing is known", { drainMs: 0, slotMs: 0 }, 1100],
    ["does not take for ever", { drainMs: 1e9 }, 31_000],
    ["comes a place after the one promised last", { promisedAtMs: 8000 }, 8500],
    ["begins anew past the latest", { promisedAtMs: 30_900 }, 6000],
  ])("%s", (_, parts, expected) => {
    expect(nextRetryAt({ ...refusal, ...parts })).toBe(expected);
  });

  it("is never before the queue has been started, nor after the latest", () => {
    const ms = fc.nat(100_000);
    fc.assert(
      fc.property(ms, ms, ms, ms, (nowMs, drainMs, slotMs, promisedAtMs) => {
        const turn = nextRetryAt({ nowMs, drainMs, slotMs, promisedAtMs });
        expect(turn).toBeGreaterThanOrEqual(nowMs + Math.min(30_000, Math.max(100, drainMs)));
        expect(turn).toBeLessThanOrEqual(nowMs + 30_000);
      }),
    );
  });

  it("spreads callers who are refused together: a place for each", () => {
    let promisedAtMs = 0;
    const turns = Array.from(
      { length: 5 },
      () => (promisedAtMs = nextRetryAt({ ...refusal, promisedAtMs })),
    );
    expect(turns).toEqual([6000, 6500, 7000, 7500, 8000]);
  });
});
