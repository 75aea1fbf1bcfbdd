import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { headlines } from "../../../bench/headlines.ts";
import { resultsFolder } from "../../../bench/lib/paths.ts";
import { readResults, type Result } from "../../../bench/lib/result.ts";
import { holds } from "../../../bench/lib/scenario.ts";
import {
  headlinePage,
  headlineText,
  layOut,
  replaceMeasured,
  resultsPage,
  resultsText,
} from "../../../bench/report.ts";

const result: Result = {
  name: "speed",
  title: "How fast",
  method: "By measuring.",
  measuredAt: "2026-11-23T10:00:00.000Z",
  command: "node bench/run.ts speed",
  commit: "abc",
  machine: { cpu: "a CPU", cores: 2, memoryGiB: 24, os: "Linux", node: "24.21.0", loadBefore: 0.1 },
  versions: { inferd: "0.1.0" },
  claims: [
    { what: "against the limit", value: 0.95, unit: "×", aim: { relation: "≥", value: 0.9 } },
    { what: "start", value: 2, unit: "s", aim: { relation: "≤", value: 1.5 } },
    { what: "calls", value: 3, unit: "calls/s" },
  ],
  tables: [{ title: "Rates", columns: ["", "rate"], rows: [["inferd", 7]] }],
  data: {},
};

it("says of each claim whether it holds, the failed ones too", () => {
  const text = resultsText([result]);
  expect(text).toContain("| against the limit | **0.95 ×** | ≥ 0.9: yes | [speed](#speed) |");
  expect(text).toContain("| start | 2 s | ≤ 1.5: **no** | [speed](#speed) |");
  expect(text).toContain("| calls | 3 calls/s |  | [speed](#speed) |");
  expect(text).toContain("| inferd | 7 |");
});

it("names machine, versions, commit and command beside the figures", () => {
  const text = resultsText([result]);
  for (const fact of ["a CPU", "2 cores", "24.21.0", "inferd 0.1.0", "`abc`", result.command]) {
    expect(text).toContain(fact);
  }
});

it.each([
  { value: 0.9, relation: "≥", aim: 0.9, is: true },
  { value: 0.89, relation: "≥", aim: 0.9, is: false },
  { value: 3, relation: "≤", aim: 3, is: true },
  { value: 3.1, relation: "≤", aim: 3, is: false },
  // What could not be measured holds nowhere.
  { value: NaN, relation: "≤", aim: 3, is: false },
] as const)("$value $relation $aim is $is", ({ value, relation, aim, is }) => {
  expect(holds({ what: "", unit: "", value, aim: { relation, value: aim } })).toBe(is);
});

it("replaces what stands between the markers and nothing else", async () => {
  const page =
    "before\n<!-- measured: written by bench/report.ts -->\nold\n<!-- end of what was measured -->\nafter\n";
  const replaced = await replaceMeasured(page, "new\n");
  expect(replaced).toContain("before\n");
  expect(replaced).toContain("new\n");
  expect(replaced).toContain("\nafter\n");
  expect(replaced).not.toContain("old");
  await expect(replaceMeasured("no markers", "new")).rejects.toThrow("markers");
});

it("shows the headlines that were measured, those that miss their aim too", () => {
  const text = headlineText(
    [result],
    [
      { from: "speed", claim: "start", says: "how soon it is ready" },
      { from: "speed", claim: "not measured", says: "something else" },
      { from: "other", claim: "start", says: "another scenario" },
    ],
  );
  const row =
    "| how soon it is ready | 2 s | ≤ 1.5: **no** | [speed](benchmarks/results.md#speed) |";
  expect(text.split("\n").slice(2)).toEqual([row, ""]);
});

it("has a figure for each headline, ten at most", () => {
  const measured = readResults(resultsFolder).flatMap(({ name, claims }) =>
    claims.map(({ what }) => `${name}: ${what}`),
  );
  expect(headlines.length).toBeLessThanOrEqual(10);
  expect(measured).toEqual(
    expect.arrayContaining(headlines.map(({ from, claim }) => `${from}: ${claim}`)),
  );
});

it("keeps docs/benchmarks.md as the results in the repository say", async () => {
  const page = readFileSync(headlinePage, "utf8");
  expect(await replaceMeasured(page, headlineText(readResults(resultsFolder)))).toBe(page);
});

it("keeps docs/benchmarks/results.md as the results in the repository say", async () => {
  const page = readFileSync(resultsPage, "utf8");
  expect(await layOut(resultsText(readResults(resultsFolder)), resultsPage)).toBe(page);
});
