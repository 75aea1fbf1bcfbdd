import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Arbiter, shares } from "../../../src/workers/shares.ts";
import type { Claim } from "../../../src/workers/shares.ts";

const busy = (wanted: number): Claim => ({ wanted, isBusy: true });
const idle = (wanted: number): Claim => ({ wanted, isBusy: false });

const claims = fc.array(
  fc.record({ wanted: fc.integer({ min: 1, max: 70 }), isBusy: fc.boolean() }),
  {
    maxLength: 12,
  },
);
const cores = fc.integer({ min: 1, max: 64 });

describe("the division of cores", () => {
  it.each([
    { title: "one alone gets all", cores: 8, claims: [busy(8)], expected: [8] },
    { title: "one alone gets no more than it wants", cores: 8, claims: [busy(3)], expected: [3] },
    { title: "two share evenly", cores: 2, claims: [busy(2), busy(2)], expected: [1, 1] },
    {
      title: "what is left over goes to the first",
      cores: 5,
      claims: [busy(5), busy(5)],
      expected: [3, 2],
    },
    {
      title: "what one leaves goes to the other",
      cores: 8,
      claims: [busy(8), busy(2)],
      expected: [6, 2],
    },
    {
      title: "none gets nothing",
      cores: 1,
      claims: [busy(4), busy(4), busy(4)],
      expected: [1, 1, 1],
    },
    { title: "the idle hold nothing back", cores: 4, claims: [busy(4), idle(4)], expected: [4, 2] },
    {
      title: "each idle one is told its own case",
      cores: 4,
      claims: [idle(4), idle(2)],
      expected: [4, 2],
    },
    { title: "nobody is no trouble", cores: 4, claims: [], expected: [] },
  ])("$title", ({ cores, claims, expected }) => {
    expect(shares(cores, claims)).toEqual(expected);
  });

  it("never gives out more cores than there are, but for one each", () => {
    fc.assert(
      fc.property(cores, claims, (machine, all) => {
        const given = shares(machine, all).filter((_, index) => all[index]!.isBusy);
        const sum = given.reduce((total, threads) => total + threads, 0);
        expect(sum).toBeLessThanOrEqual(Math.max(machine, given.length));
      }),
    );
  });

  it("gives each at least one thread and at most what it wants", () => {
    fc.assert(
      fc.property(cores, claims, (machine, all) => {
        shares(machine, all).forEach((threads, index) => {
          expect(threads).toBeGreaterThanOrEqual(1);
          expect(threads).toBeLessThanOrEqual(all[index]!.wanted);
        });
      }),
    );
  });

  it("leaves no core idle that a busy worker wants", () => {
    fc.assert(
      fc.property(cores, claims, (machine, all) => {
        const given = shares(machine, all);
        const working = all.map((claim, index) => ({ ...claim, threads: given[index]! }));
        const used = working.filter(({ isBusy }) => isBusy);
        const sum = used.reduce((total, { threads }) => total + threads, 0);
        const isAnyShort = used.some(({ threads, wanted }) => threads < wanted);
        if (isAnyShort) expect(sum).toBeGreaterThanOrEqual(machine);
      }),
    );
  });

  it("tells an idle worker what it gets when it becomes busy", () => {
    fc.assert(
      fc.property(cores, claims, fc.nat(), (machine, all, pick) => {
        if (all.length === 0) return;
        const index = pick % all.length;
        const before = all.with(index, { ...all[index]!, isBusy: false });
        const after = all.with(index, { ...all[index]!, isBusy: true });
        expect(shares(machine, before)[index]).toBe(shares(machine, after)[index]);
      }),
    );
  });
});

it("takes from all or gives to all when one changes, so that nobody need be told first", () => {
  fc.assert(
    fc.property(cores, claims, fc.nat(), (machine, all, pick) => {
      if (all.length === 0) return;
      const index = pick % all.length;
      const flipped = all.with(index, { ...all[index]!, isBusy: !all[index]!.isBusy });
      const before = shares(machine, all);
      const changes = shares(machine, flipped).map((threads, place) => threads - before[place]!);
      expect(changes.every((change) => change >= 0) || changes.every((change) => change <= 0)).toBe(
        true,
      );
    }),
    { numRuns: 2000 },
  );
});

describe("the arbiter", () => {
  /** Two workers that want both of two cores, and what they are told. */
  function two() {
    const arbiter = new Arbiter(2);
    const told: string[] = [];
    const a = arbiter.join(2, (threads) => told.push(`a ${threads}`));
    const b = arbiter.join(2, (threads) => told.push(`b ${threads}`));
    return { a, b, told };
  }

  it("says nothing while one works alone", () => {
    const { a, told } = two();
    expect(a.threads).toBe(2);
    a.setBusy(true);
    expect(told).toEqual(["b 1"]);
  });

  it("takes cores from one who works when another begins, and gives them back", () => {
    const { a, b, told } = two();
    a.setBusy(true);
    b.setBusy(true);
    expect(told).toEqual(["b 1", "a 1"]);
    a.setBusy(false);
    expect(told.slice(2)).toEqual(["b 2"]);
  });

  it("says nothing when nothing changes", () => {
    const { a, told } = two();
    a.setBusy(true);
    told.length = 0;
    a.setBusy(true);
    expect(told).toEqual([]);
  });

  it("gives the cores of one that left to the others", () => {
    const { a, b, told } = two();
    a.setBusy(true);
    b.setBusy(true);
    told.length = 0;
    b.leave();
    expect(told).toEqual(["a 2"]);
  });
});
