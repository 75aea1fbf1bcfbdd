import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { learn, type Pace, timeFor, unknownPace } from "../../../src/scheduling/pace.ts";
import { leastWaitMs, type Outlook } from "../../../src/scheduling/prediction.ts";

const pace = (meanMs: number, meanTokens: number): Pace => ({ meanMs, meanTokens });

describe("a pace", () => {
  it("is the first measurement, and then follows the newest", () => {
    const first = learn(unknownPace, 50, 1000);
    expect(first).toEqual(pace(1000, 50));
    expect(learn(first, 60, 2000)).toEqual(pace(1100, 51));
  });

  it("takes jobs by their number or by their tokens, whichever is sooner", () => {
    expect(timeFor(pace(1000, 50), { jobs: 3, tokens: 1000 })).toBe(3000);
    expect(timeFor(pace(1000, 50), { jobs: 3, tokens: 100 })).toBe(2000);
  });

  it("says nothing of what was never measured", () => {
    expect(timeFor(unknownPace, { jobs: 3, tokens: 1000 })).toBe(0);
  });
});

describe("the least wait", () => {
  const outlook: Outlook = {
    ahead: { jobs: 8, tokens: 400 },
    work: { promptTokens: 20, tokens: 50 },
    slots: 4,
    service: pace(1000, 50),
    prefill: pace(100, 20),
  };

  it("is what is ahead, by all slots, and half of the prefill", () => {
    expect(leastWaitMs(outlook)).toBe(2050);
  });

  it("is nothing where nothing was measured", () => {
    expect(leastWaitMs({ ...outlook, service: unknownPace, prefill: unknownPace })).toBe(0);
  });

  it("never falls when more is ahead, and never rises with more slots", () => {
    const count = fc.nat(1000);
    fc.assert(
      fc.property(count, count, count, count, (jobs, tokens, more, slots) => {
        const now = leastWaitMs({ ...outlook, slots, ahead: { jobs, tokens } });
        const later = leastWaitMs({
          ...outlook,
          slots,
          ahead: { jobs: jobs + more, tokens: tokens + more },
        });
        expect(later).toBeGreaterThanOrEqual(now);
        expect(
          leastWaitMs({ ...outlook, slots: slots + more, ahead: { jobs, tokens } }),
        ).toBeLessThanOrEqual(now);
      }),
    );
  });
});
