/** What the chaos test decides by itself: what to do when, and what may come of it. */
import { describe, expect, it } from "vitest";
import { noHistory, verdict } from "../../src/workers/restart.ts";
import { models, schedule } from "../chaos/schedule.ts";

/** More than loading a shipped model takes on a busy machine. */
const loadMs = 4000;

describe("a schedule of chaos", () => {
  const minute = schedule(1, 60_000);

  it("is the same for the same seed, and another for another", () => {
    expect(schedule(1, 60_000)).toEqual(minute);
    expect(schedule(2, 60_000)).not.toEqual(minute);
  });

  it("has everything in a minute that can be done to a server", () => {
    const kinds = minute.flatMap((action) =>
      action.kind === "calls" ? action.calls.map(({ manner }) => manner.kind) : [action.kind],
    );
    expect([...new Set(kinds)].toSorted()).toEqual([
      ...["cancels", "gives-up", "kill", "reload", "renew-certificate", "renew-key"],
      ...["stalls", "waits"],
    ]);
    expect(minute.filter(({ kind }) => kind === "kill")).toHaveLength(4);
  });

  it.each(models)("never kills %s so often that the server lets it rest", (model) => {
    const killedMs = schedule(3, 1_800_000).flatMap((action) =>
      action.kind === "kill" && action.model === model ? action.atMs : [],
    );
    expect(killedMs.length).toBeGreaterThan(30);
    let history = noHistory;
    for (const [index, atMs] of killedMs.entries()) {
      const upMs = atMs - (killedMs[index - 1] ?? 0) - loadMs;
      const decided = verdict({ kind: "crashed", upMs }, history);
      if (decided.kind !== "restart") throw new Error(`it would ${decided.kind} at ${atMs}`);
      history = decided.history;
    }
  });

  it("comes in order, and gives no two calls the same number", () => {
    expect(minute.toSorted((one, other) => one.atMs - other.atMs)).toEqual(minute);
    const numbers = minute.flatMap((action) =>
      action.kind === "calls" ? action.calls.map(({ number }) => number) : [],
    );
    expect(new Set(numbers).size).toBe(numbers.length);
  });
});
