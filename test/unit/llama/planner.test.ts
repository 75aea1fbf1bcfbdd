import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planStep, readingOrder } from "../../../src/engines/llama/planner.ts";
import type { Candidate } from "../../../src/engines/llama/planner.ts";

const decoding: Candidate = { pending: 1, decoding: true };
const prompt = (pending: number): Candidate => ({ pending, decoding: false });

describe("planStep", () => {
  const cases: readonly [string, readonly Candidate[], [number, number], unknown][] = [
    ["nothing for nobody", [], [512, 512], []],
    [
      "a whole prompt that fits",
      [prompt(40)],
      [512, 512],
      [{ candidate: 0, tokens: 40, completes: true }],
    ],
    [
      "the beginning of a prompt that does not",
      [prompt(40)],
      [512, 16],
      [{ candidate: 0, tokens: 16, completes: false }],
    ],
    [
      "one token for each that generates, before any prompt",
      [prompt(40), decoding, decoding],
      [512, 6],
      [
        { candidate: 1, tokens: 1, completes: true },
        { candidate: 2, tokens: 1, completes: true },
        { candidate: 0, tokens: 6, completes: false },
      ],
    ],
    [
      "the older prompt first, and the next from what is left",
      [prompt(10), prompt(10), prompt(10)],
      [512, 14],
      [
        { candidate: 0, tokens: 10, completes: true },
        { candidate: 1, tokens: 4, completes: false },
      ],
    ],
    [
      "no prompt where none is allowed",
      [prompt(10), decoding],
      [512, 0],
      [{ candidate: 1, tokens: 1, completes: true }],
    ],
  ];
  it.each(cases)("takes %s", (_, candidates, [batchTokens, promptTokens], expected) => {
    expect(planStep(candidates, { batchTokens, promptTokens, apart: false })).toEqual(expected);
  });

  it("goes by slots where sequences are computed apart, and by age where they are not", () => {
    const candidates = [7, 2, 5].map((slot) => ({ ...decoding, slot }));
    const order = (apart: boolean) =>
      planStep(candidates, { batchTokens: 512, promptTokens: 0, apart }).map(
        ({ candidate }) => candidate,
      );
    expect(order(true)).toEqual([1, 2, 0]);
    expect(order(false)).toEqual([0, 1, 2]);
  });

  it("begins no second prompt that it would cut, where sequences are computed apart", () => {
    const limits = { batchTokens: 512, promptTokens: 64, apart: true };
    const whole = { candidate: 0, tokens: 47, completes: true };
    expect(planStep([prompt(47), prompt(47)], limits)).toEqual([whole]);
    expect(planStep([prompt(47), prompt(99), prompt(9)], limits)).toEqual([
      whole,
      { candidate: 2, tokens: 9, completes: true },
    ]);
    expect(planStep([prompt(99)], limits)).toEqual([
      { candidate: 0, tokens: 64, completes: false },
    ]);
  });

  it("never exceeds its limits, starves no generating sequence, and cuts one prompt at most", () => {
    const candidate = fc.oneof(fc.constant(decoding), fc.integer({ min: 1, max: 99 }).map(prompt));
    const limits = fc.record({
      batchTokens: fc.integer({ min: 32, max: 64 }),
      promptTokens: fc.integer({ min: 0, max: 64 }),
      apart: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(candidate, { maxLength: 32 }), limits, (candidates, limit) => {
        const shares = planStep(candidates, limit);
        const prompts = shares.filter((share) => !candidates[share.candidate]!.decoding);
        const total = (list: typeof shares) => list.reduce((sum, { tokens }) => sum + tokens, 0);
        expect(total(shares)).toBeLessThanOrEqual(limit.batchTokens);
        expect(total(prompts)).toBeLessThanOrEqual(limit.promptTokens);
        expect(shares.length - prompts.length).toBe(candidates.filter((c) => c.decoding).length);
        expect(prompts.filter((share) => !share.completes).length).toBeLessThanOrEqual(1);
        expect(new Set(shares.map((share) => share.candidate)).size).toBe(shares.length);
      }),
    );
  });
});

describe("readingOrder", () => {
  const order = (...prompts: readonly (readonly [readMs: number, waitedMs: number])[]) =>
    readingOrder(prompts.map(([readMs, waitedMs]) => ({ readMs, waitedMs }))).map(
      ({ readMs }) => readMs,
    );

  it("begins with the least that is left", () => {
    expect(order([8000, 0], [200, 0], [3000, 0])).toEqual([200, 3000, 8000]);
  });

  it("lets a short prompt pass long ones that have waited for long", () => {
    expect(order([8000, 30_000], [7000, 30_000], [200, 0])).toEqual([200, 7000, 8000]);
  });

  it("goes by age among equals, so that each is read to its end", () => {
    const [older, younger] = [
      { readMs: 8000, waitedMs: 10 },
      { readMs: 8000, waitedMs: 5 },
    ];
    expect(readingOrder([younger, older])).toEqual([older, younger]);
  });

  it("lets none be passed once it has waited for ten times its own time", () => {
    expect(order([4000, 39_000], [1, 0])).toEqual([1, 4000]);
    expect(order([4000, 40_001], [1, 0])).toEqual([4000, 1]);
  });
});
