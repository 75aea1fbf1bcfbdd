import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backoff, noHistory, verdict } from "../../../src/workers/restart.ts";
import type { Ending, Verdict } from "../../../src/workers/restart.ts";

/** What is decided about endings that follow each other. */
function verdicts(...endings: Ending[]): Verdict[] {
  let history = noHistory;
  return endings.map((ending) => {
    const decided = verdict(ending, history);
    if (decided.kind !== "give-up") history = decided.history;
    return decided;
  });
}

const kinds = (decided: Verdict[]) => decided.map(({ kind }) => kind);
const waits = (decided: Verdict[]) =>
  decided.map((each) => (each.kind === "give-up" ? undefined : each.waitMs));
const times = (count: number, ending: Ending) => Array.from({ length: count }, () => ending);

const crash: Ending = { kind: "crashed", upMs: 10 };
const stable: Ending = { kind: "crashed", upMs: 60_000 };
const loadCrash: Ending = { kind: "crashed-loading", isFault: false };
const loadFault: Ending = { kind: "crashed-loading", isFault: true };
const loadFailed: Ending = { kind: "load-failed" };

describe("a worker that ended", () => {
  it("is given up at once when the engine says that the model is wrong", () => {
    expect(kinds(verdicts(loadFailed))).toEqual(["give-up"]);
  });

  it("rests when the engine says so of a model that has served before", () => {
    expect(kinds(verdicts(crash, loadFailed))).toEqual(["restart", "rest"]);
  });

  it("gets three tries when it crashes while loading, then rests", () => {
    expect(kinds(verdicts(...times(3, loadCrash)))).toEqual(["restart", "restart", "rest"]);
  });

  it("is given up after three tries where native code ends it while loading, unless it has served", () => {
    expect(kinds(verdicts(...times(3, loadFault)))).toEqual(["restart", "restart", "give-up"]);
    expect(kinds(verdicts(crash, ...times(3, loadFault))).at(-1)).toBe("rest");
  });

  it("has its three tries again once it has served", () => {
    const decided = verdicts(loadCrash, loadCrash, crash, loadCrash);
    expect(kinds(decided)).toEqual(["restart", "restart", "restart", "restart"]);
  });

  it("is restarted ever more slowly, and rests after its fifth death in a row", () => {
    const decided = verdicts(...times(5, crash));
    expect(waits(decided)).toEqual([0, 250, 500, 1000, 30_000]);
    expect(kinds(decided).at(-1)).toBe("rest");
  });

  it("is restarted at once after a long life, and begins anew", () => {
    const decided = verdicts(crash, crash, crash, stable, crash);
    expect(waits(decided).slice(-2)).toEqual([0, 250]);
  });
});

describe("a worker on trial after its rest", () => {
  it("rests again where it dies soon, twice as long each time, up to ten minutes", () => {
    const decided = verdicts(...times(12, crash)).slice(4);
    expect(new Set(kinds(decided))).toEqual(new Set(["rest"]));
    expect(waits(decided).slice(0, 5)).toEqual([30_000, 60_000, 120_000, 240_000, 480_000]);
    expect(waits(decided).at(-1)).toBe(600_000);
  });

  it("is acquitted by a stable life", () => {
    expect(kinds(verdicts(...times(5, crash), stable, crash))).toEqual([
      ...times(4, crash).map(() => "restart"),
      "rest",
      "restart",
      "restart",
    ]);
  });
});

it("never gives up a worker that has served, nor waits without bound", () => {
  const ending = fc.constantFrom(crash, stable, loadCrash, loadFailed);
  fc.assert(
    fc.property(fc.array(ending, { maxLength: 40 }), (endings) => {
      for (const decided of verdicts(crash, ...endings)) {
        expect(decided.kind).not.toBe("give-up");
        if (decided.kind !== "give-up") expect(decided.waitMs).toBeLessThanOrEqual(600_000);
      }
    }),
  );
});

it("never shortens the wait from one try to the next", () => {
  const all = Array.from({ length: 40 }, (_, attempt) => backoff(attempt));
  expect(all).toEqual([...all].sort((a, b) => a - b));
});
