import { expect, it } from "vitest";
import { type GhzReport, ghzVersion, keptOf } from "../../../bench/lib/ghz.ts";

it("names the version of ghz that is built", () => {
  expect(ghzVersion()).toMatch(/^v\d+\.\d+\.\d+$/);
});

it("keeps of a report what ghz says, and the 99.9th percentile of the calls that went well", () => {
  const calls = Array.from({ length: 2000 }, (_, index) => ({
    latency: 2000 - index,
    status: "OK",
  }));
  const said = { percentage: 99, latency: 1980 };
  const report: GhzReport = {
    ...{ count: 2001, rps: 1, average: 1, statusCodeDistribution: { OK: 2000 } },
    latencyDistribution: [said],
    details: [...calls, { latency: 9999, status: "Unavailable" }],
  };
  expect(keptOf(report)).toEqual({
    ...{ count: 2001, rps: 1, average: 1, statusCodeDistribution: { OK: 2000 } },
    latencyDistribution: [said, { percentage: 99.9, latency: 1998 }],
  });
});
