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
  const at = (pending: number, addedAt: number) => ({ pending, addedAt });
  const order = (now: number, ...prompts: readonly ReturnType<typeof at>[]) =>
    readingOrder(prompts, { now, tokenMs: 4 }).map(({ pending }) => pending);

  it("begins with the least that is left", () => {
    expect(order(0, at(1900, 0), at(50, 0), at(700, 0))).toEqual([50, 700, 1900]);
  });

  it("lets a short prompt pass long ones that have waited for long", () => {
    expect(order(30_000, at(1900, 0), at(1900, 0), at(50, 30_000))).toEqual([50, 1900, 1900]);
  });

  it("goes by age among equals, so that each is read to its end", () => {
    const [older, younger] = [at(1900, 0), at(1900, 5)];
    expect(readingOrder([younger, older], { now: 10, tokenMs: 4 })).toEqual([older, younger]);
  });

  it("lets none be passed for longer than ten times its own time", () => {
    const ownMs = 1000 * 4;
    expect(order(ownMs * 9, at(1000, 0), at(1, ownMs * 9))).toEqual([1, 1000]);
    expect(order(ownMs * 10 + 1, at(1000, 0), at(1, ownMs * 10 + 1))).toEqual([1000, 1]);
  });
});
