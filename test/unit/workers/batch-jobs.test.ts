import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type BatchJobs,
  batchSlots,
  noBatchJobs,
  noteStep,
  participantsOf,
} from "../../../src/workers/batch-jobs.ts";

const both = ["batch", "interactive"] as const;

describe("who takes part in a step", () => {
  it.each([
    { ready: ["batch"], participants: "batch" },
    { ready: ["interactive"], participants: "interactive" },
    { ready: both, participants: "all" },
  ] as const)("is $party where $ready could, and nothing is owed", ({ ready, participants }) => {
    expect(participantsOf(noBatchJobs, ready)).toBe(participants);
  });

  it("is interactive jobs alone for seven times as long as a step with batch jobs took", () => {
    let background = noteStep(noBatchJobs, "batch", 4);
    const parties: string[] = [];
    for (let step = 0; step < 59; step += 1) {
      const participants = participantsOf(background, both);
      parties.push(participants);
      background = noteStep(background, participants, participants === "all" ? 4 : 1.01);
    }
    const shared = parties.flatMap((participants, step) => (participants === "all" ? [step] : []));
    // Before the first, as much again was due: no batch job had waited for it.
    expect(shared).toEqual([28, 57]);
  });

  it("leaves batch jobs an eighth of the time, within a step, however long steps take", () => {
    const steps = fc.array(
      fc.record({ alone: fc.integer({ min: 1, max: 50 }), all: fc.integer({ min: 1, max: 200 }) }),
      {
        minLength: 2000,
        maxLength: 2000,
      },
    );
    fc.assert(
      fc.property(steps, (costs) => {
        let background: BatchJobs = noBatchJobs;
        const spent = { all: 0, interactive: 0, batch: 0 };
        for (const { alone, all } of costs) {
          const participants = participantsOf(background, both);
          const ms = participants === "all" ? all : alone;
          spent[participants] += ms;
          background = noteStep(background, participants, ms);
        }
        const total = spent.all + spent.interactive;
        expect(spent.all).toBeGreaterThan(total / 8 - 400);
        expect(spent.all).toBeLessThan(total / 8 + 400);
      }),
      { numRuns: 20 },
    );
  });

  it("saves up no more than one step for batch jobs that come late", () => {
    let background = noteStep(noBatchJobs, "all", 10);
    for (let step = 0; step < 10_000; step += 1)
      background = noteStep(background, "interactive", 1);
    expect(background.owedMs).toBeCloseTo(10, 0);
    background = noteStep(background, participantsOf(background, both), 10);
    expect(participantsOf(background, both)).toBe("interactive");
  });

  it("makes batch jobs pay for a pause of the machine no longer than for a second", () => {
    expect(noteStep(noBatchJobs, "all", 3_600_000)).toEqual({ owedMs: -1_000, stepMs: 1_000 });
  });

  it("gives them no more for one that came while interactive jobs ran", () => {
    const { owedMs } = noteStep({ owedMs: -1_000, stepMs: 100 }, "interactive", 3_600_000);
    expect(owedMs).toBeCloseTo(-1_000 + 1_000 / 7);
  });
});

describe("places", () => {
  it.each([
    [0, 0, 0],
    [1, 9, 1],
    [2, 9, 1],
    [3, 9, 2],
    [4, 0, 3],
    [4, 2, 2],
    [16, 0, 14],
    [16, 2, 14],
    [16, 5, 11],
    [16, 99, 8],
    [64, 0, 56],
  ])(
    "of %i, of which interactive jobs wanted %i, are for batch jobs %i",
    (slots, wanted, places) => {
      expect(batchSlots(slots, wanted)).toBe(places);
    },
  );
});
