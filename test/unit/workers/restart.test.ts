import { describe, expect, it } from "vitest";
import { backoff, noHistory, verdict } from "../../../src/workers/restart.ts";
import type { Ending, Verdict } from "../../../src/workers/restart.ts";

/** What is decided about endings that follow each other. */
function verdicts(...endings: Ending[]): Verdict[] {
  let history = noHistory;
  return endings.map((ending) => {
    const decided = verdict(ending, history);
    if (decided.kind === "restart") history = decided.history;
    return decided;
  });
}

const kinds = (decided: Verdict[]) => decided.map(({ kind }) => kind);
const waits = (decided: Verdict[]) =>
  decided.map((each) => (each.kind === "restart" ? each.waitMs : undefined));

const crash: Ending = { kind: "crashed", upMs: 10 };
const loadCrash: Ending = { kind: "crashed-loading" };

describe("a worker that ended", () => {
  it("is given up at once when the engine says that the model is wrong", () => {
    expect(kinds(verdicts({ kind: "load-failed" }))).toEqual(["give-up"]);
  });

  it("gets three tries when it crashes while loading", () => {
    expect(kinds(verdicts(loadCrash, loadCrash, loadCrash))).toEqual([
      "restart",
      "restart",
      "give-up",
    ]);
  });

  it("has its three tries again once it has served", () => {
    const decided = verdicts(loadCrash, loadCrash, crash, loadCrash, loadCrash);
    expect(kinds(decided)).toEqual(["restart", "restart", "restart", "restart", "restart"]);
  });

  it("is restarted for ever while it loads, ever more slowly", () => {
    const decided = verdicts(...Array.from({ length: 50 }, () => crash));
    expect(new Set(kinds(decided))).toEqual(new Set(["restart"]));
    expect(waits(decided).slice(0, 4)).toEqual([0, 250, 500, 1000]);
    expect(waits(decided).at(-1)).toBe(30_000);
  });

  it("is restarted at once after a long life", () => {
    const decided = verdicts(crash, crash, crash, { kind: "crashed", upMs: 60_000 });
    expect(waits(decided).at(-1)).toBe(0);
  });
});

it("never shortens the wait from one try to the next", () => {
  const all = Array.from({ length: 40 }, (_, attempt) => backoff(attempt));
  expect(all).toEqual([...all].sort((a, b) => a - b));
});
