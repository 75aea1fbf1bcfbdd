import { describe, expect, it } from "vitest";
import { loadingWait } from "../../../src/models/loading-wait.ts";

describe("the wait for a model that loads", () => {
  it.each([
    { what: "what is left by last time", sinceMs: 4000, leftMs: 6000, waitMs: 6000 },
    { what: "never nothing", sinceMs: 9950, leftMs: 50, waitMs: 100 },
    { what: "as long again as it is late", sinceMs: 14_000, leftMs: -4000, waitMs: 4000 },
    {
      what: "a second at first where nothing is known",
      sinceMs: 0,
      leftMs: undefined,
      waitMs: 1000,
    },
    { what: "longer, the longer it has taken", sinceMs: 10_000, leftMs: undefined, waitMs: 30_000 },
    { what: "at most a minute", sinceMs: 500_000, leftMs: undefined, waitMs: 60_000 },
  ])("is $what", ({ sinceMs, leftMs, waitMs }) => {
    expect(loadingWait({ sinceMs, fraction: 0, leftMs })).toBe(waitMs);
  });

  it("goes by how much is loaded, once that tells something", () => {
    const at = (fraction: number) => loadingWait({ sinceMs: 10_000, fraction, leftMs: undefined });
    expect([0.1, 0.5, 0.8, 1].map((fraction) => Math.round(at(fraction)))).toEqual([
      30_000, 10_000, 2500, 30_000,
    ]);
  });

  it("lets five tries from the start span more than a minute", () => {
    let sinceMs = 0;
    for (let tries = 1; tries < 5; tries += 1) {
      sinceMs += loadingWait({ sinceMs, fraction: 0, leftMs: undefined });
    }
    expect(sinceMs).toBeGreaterThan(60_000);
  });
});
