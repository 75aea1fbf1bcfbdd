import { expect, it } from "vitest";
import { reportOf } from "../../../bench/lib/h2load.ts";

const printed = (requests: string, codes = "30 2xx, 0 3xx, 0 4xx, 0 5xx"): string => `
finished in 5.00s, 6.00 req/s, 1.00KB/s
requests: ${requests}
status codes: ${codes}
traffic: 12.34KB (12636) total, 1.02KB (1044) headers (space savings 90.00%), 3.52KB (3600) data
                     min         max         mean         sd        +/- sd
time for request:      912us      9.21ms      4.12ms       312us    71.00%
`;

const well = "36 total, 36 started, 30 done, 30 succeeded, 0 failed, 0 errored, 0 timeout";

it("reads how many calls h2load has made, and what their answers held", () => {
  expect(reportOf(printed(well), 5)).toEqual({ calls: 30, callsPerSecond: 6, bodyBytes: 3600 });
});

it.each([
  ["failed", "36 total, 36 started, 30 done, 28 succeeded, 2 failed, 0 errored, 0 timeout"],
  ["errored", "36 total, 36 started, 30 done, 28 succeeded, 0 failed, 2 errored, 0 timeout"],
  [
    "ran out of time",
    "36 total, 36 started, 30 done, 30 succeeded, 0 failed, 0 errored, 1 timeout",
  ],
  ["are none", "36 total, 36 started, 0 done, 0 succeeded, 0 failed, 0 errored, 0 timeout"],
])("takes no figure of calls that %s", (_, requests) => {
  expect(() => reportOf(printed(requests), 5)).toThrow("not all calls succeeded");
});

it("takes no figure of calls that were refused", () => {
  const codes = "20 2xx, 0 3xx, 0 4xx, 10 5xx";
  expect(() => reportOf(printed(well, codes), 5)).toThrow("not all calls succeeded");
});

it("says so where h2load prints something else", () => {
  expect(() => reportOf("usage: h2load", 5)).toThrow("h2load says something else");
});
