import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { admit, type Waiter } from "../../../src/scheduling/admission.ts";

interface Named extends Waiter {
  readonly name: string;
}

function job(name: string, parts: Partial<Waiter> = {}): Named {
  const caller = name.slice(0, 1);
  return {
    name,
    caller,
    priority: "interactive",
    promptTokens: 1,
    tokens: 10,
    isRetry: false,
    ...parts,
  };
}

const [one, two, three] = [{ user: "1" }, { user: "2" }, { user: "3" }];
const batch = { priority: "batch" } as const;
const bounds = { jobs: 4, tokens: 1000 };
const full = [job("a1"), job("a2"), job("a3"), job("a4")];

/** The names of those who give way, or the bound that refuses. */
function outcome(waiting: readonly Named[], newcomer: Named, within = bounds): string {
  const decided = admit(waiting, newcomer, within);
  if (decided.kind === "refuse") return `refused: ${decided.bound}`;
  return decided.givingWay.map(({ job: { name } }) => name).join(" ");
}

describe("admission", () => {
  it.each([
    ["accepts while there is room", full.slice(1), job("b1"), ""],
    ["refuses who holds most himself", full, job("a5"), "refused: jobs"],
    ["has the one who holds most make room, by the newest job", full, job("b1"), "a4"],
    [
      "refuses where all hold as much",
      [job("a1"), job("b1"), job("c1"), job("d1")],
      job("e1"),
      "refused: jobs",
    ],
    [
      "has the user who holds most of a caller's places make room for another user of it",
      [job("a1", one), job("a2", two), job("a3", one), job("a4", one)],
      job("a5", three),
      "a4",
    ],
    [
      "refuses the user who holds most of a caller's places himself",
      [job("a1", one), job("a2", two), job("a3", one), job("a4", two)],
      job("a5", one),
      "refused: jobs",
    ],
    [
      "looks at callers before their users",
      [job("a1", one), job("a2", two), job("a3", three), job("b1", one)],
      job("b2", two),
      "a3",
    ],
    [
      "lets nobody push out a job that lost its worker",
      full.map((each) => ({ ...each, isRetry: true })),
      job("b1"),
      "refused: jobs",
    ],
    [
      "has batch jobs beyond their part make room for interactive ones",
      full.map((each) => ({ ...each, ...batch })),
      job("a5"),
      "a4",
    ],
    [
      "does not let batch jobs push out interactive ones in their part",
      full,
      job("b1", batch),
      "refused: jobs",
    ],
  ])("%s", (_, waiting, newcomer, expected) => {
    expect(outcome(waiting, newcomer)).toBe(expected);
  });

  it("keeps an eighth of the queue for batch jobs, and no more", () => {
    const within = { jobs: 8, tokens: 1000 };
    const eight = Array.from({ length: 8 }, (_, index) => job(`a${index}`));
    expect(outcome(eight, job("b1", batch), within)).toBe("a7");
    expect(outcome([...eight.slice(1), job("b1", batch)], job("a8"), within)).toBe("refused: jobs");
    expect(outcome([...eight.slice(1), job("b1", batch)], job("b2", batch), within)).toBe(
      "refused: jobs",
    );
  });

  it("bounds tokens too, and has as many make room as it takes", () => {
    const waiting = [
      job("a1", { tokens: 400 }),
      job("b1", { tokens: 300 }),
      job("a2", { tokens: 250 }),
    ];
    expect(outcome(waiting, job("c1", { tokens: 100 }))).toBe("a2");
    expect(outcome(waiting, job("c1", { tokens: 310 }))).toBe("a2 a1");
    expect(outcome(waiting, job("c1", { tokens: 700 }))).toBe("refused: tokens");
  });

  it("takes any one job where nobody waits, unless none may wait", () => {
    expect(outcome([], job("a1", { tokens: 5000 }))).toBe("");
    expect(outcome([], job("a1"), { jobs: 0, tokens: 5000 })).toBe("refused: jobs");
  });

  it("does not clear a queue of small jobs for a large one", () => {
    const waiting = Array.from({ length: 100 }, (_, index) => job(`a${index}`));
    const within = { jobs: 1000, tokens: 1000 };
    expect(outcome(waiting, job("b1", { tokens: 200 }), within)).toBe("refused: tokens");
  });
});

describe("whoever comes in whatever order", () => {
  const arrival = fc.record({
    caller: fc.constantFrom("a", "b", "c"),
    priority: fc.constantFrom("interactive" as const, "batch" as const),
    tokens: fc.integer({ min: 1, max: 60 }),
  });
  const arrivals = fc.array(arrival, { maxLength: 80 });
  const within = { jobs: 12, tokens: 200 };

  function crowd(list: readonly Pick<Waiter, "caller" | "priority" | "tokens">[]) {
    let waiting: Named[] = [];
    const after: (readonly Named[])[] = [];
    for (const [index, parts] of list.entries()) {
      const newcomer = job(String(index), parts);
      const decided = admit(waiting, newcomer, within);
      if (decided.kind === "accept") {
        const gone = new Set(decided.givingWay.map((each) => each.job));
        waiting = [...waiting, newcomer].filter((each) => !gone.has(each));
      }
      after.push(waiting);
    }
    return after;
  }

  it("keeps to the bounds, always", () => {
    fc.assert(
      fc.property(arrivals, (list) => {
        for (const waiting of crowd(list)) {
          expect(waiting.length).toBeLessThanOrEqual(within.jobs);
          if (waiting.length < 2) continue;
          expect(waiting.reduce((sum, { tokens }) => sum + tokens, 0)).toBeLessThanOrEqual(
            within.tokens,
          );
        }
      }),
    );
  });

  it("lets in a caller who holds nothing, whatever one other has brought before", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 60 }), (count) => {
        const flood = Array.from({ length: count }, () => ({
          caller: "a",
          priority: "interactive" as const,
          tokens: 1,
        }));
        const waiting = crowd(flood).at(-1)!;
        expect(admit(waiting, job("b1", { tokens: 1 }), within).kind).toBe("accept");
      }),
    );
  });
});
