import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Amount,
  learn,
  type ServiceTime,
  timeFor,
  unknownServiceTime,
} from "../../../src/scheduling/service-time.ts";
import { leastMs, type WaitEstimateInput } from "../../../src/scheduling/wait-estimate.ts";

const pace = (meanMs: number, meanTokens: number): ServiceTime => ({ meanMs, meanTokens });

describe("a pace", () => {
  it("is the first measurement, and then follows the newest", () => {
    const first = learn(unknownServiceTime, 50, 1000);
    expect(first).toEqual(pace(1000, 50));
    expect(learn(first, 60, 2000)).toEqual(pace(1100, 51));
  });

  it("takes jobs by their number or by their tokens, whichever is sooner", () => {
    expect(timeFor(pace(1000, 50), { jobs: 3, tokens: 1000 })).toBe(3000);
    expect(timeFor(pace(1000, 50), { jobs: 3, tokens: 100 })).toBe(2000);
  });

  it("says nothing of what was never measured", () => {
    expect(timeFor(unknownServiceTime, { jobs: 3, tokens: 1000 })).toBe(0);
  });
});

describe("the least time", () => {
  const none = { jobs: 0, tokens: 0 };
  const measured = { service: pace(1000, 50), prefill: pace(100, 20) };
  const outlook: WaitEstimateInput = {
    ahead: { interactive: { jobs: 8, tokens: 400 }, batch: none },
    work: { promptTokens: 20, tokens: 50 },
    priority: "interactive",
    slots: 4,
    measured: { interactive: measured, batch: measured },
  };

  it("is what is ahead, by all slots, and what a job takes", () => {
    expect(leastMs(outlook)).toBe(3000);
  });

  it("takes what is ahead at the pace of its own priority", () => {
    const slow = { service: pace(8000, 50), prefill: pace(100, 20) };
    const both = { ...outlook, measured: { interactive: measured, batch: slow } };
    expect(leastMs(both)).toBe(3000);
    expect(leastMs({ ...both, priority: "batch" })).toBe(2000 + 8000);
    const ahead = { ...outlook.ahead, batch: { jobs: 2, tokens: 100 } };
    expect(leastMs({ ...both, priority: "batch", ahead })).toBe(2000 + 4000 + 8000);
  });

  it("is shorter for a job that may generate less than others do, not longer for one that may more", () => {
    const taking = (tokens: number) => leastMs({ ...outlook, work: { promptTokens: 20, tokens } });
    expect(taking(25)).toBe(2500);
    expect(taking(5000)).toBe(3000);
  });

  it("counts half of the prefill where that is more", () => {
    const interactive = { ...measured, prefill: pace(5000, 20) };
    expect(leastMs({ ...outlook, measured: { ...outlook.measured, interactive } })).toBe(4500);
  });

  it("is nothing where nothing was measured", () => {
    const nothing = { service: unknownServiceTime, prefill: unknownServiceTime };
    expect(leastMs({ ...outlook, measured: { interactive: nothing, batch: nothing } })).toBe(0);
  });

  it("never falls when more is ahead, and never rises with more slots", () => {
    const count = fc.nat(1000);
    fc.assert(
      fc.property(count, count, count, count, (jobs, tokens, more, slots) => {
        const behind = (interactive: Amount): WaitEstimateInput => ({
          ...outlook,
          slots,
          ahead: { ...outlook.ahead, interactive },
        });
        const now = leastMs(behind({ jobs, tokens }));
        const later = leastMs(behind({ jobs: jobs + more, tokens: tokens + more }));
        expect(later).toBeGreaterThanOrEqual(now);
        const wider = { ...behind({ jobs, tokens }), slots: slots + more };
        expect(leastMs(wider)).toBeLessThanOrEqual(now);
      }),
    );
  });
});
