import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Candidates } from "../../../src/engines/llama/candidates.ts";
import { chainOf, reachOf } from "../../../src/engines/llama/sampler.ts";
import { greedy } from "../../models/llama-engine.ts";

function likeliest(logits: readonly number[], count: number): readonly number[] {
  return logits
    .map((logit, token) => ({ logit, token }))
    .sort((a, b) => b.logit - a.logit || a.token - b.token)
    .slice(0, count)
    .map(({ token }) => token);
}

describe("the candidates", () => {
  it("are the likeliest tokens, likeliest first", () => {
    const logit = fc.oneof(
      fc.integer({ min: -20, max: 20 }),
      fc.constantFrom(-Infinity, -0, 1e-40, Infinity),
      fc.float({ noNaN: true }),
    );
    const logits = fc
      .array(logit, { minLength: 1, maxLength: 200 })
      .map((values) => values.map(Math.fround));
    fc.assert(
      fc.property(logits, fc.integer({ min: 1, max: 64 }), (values, count) => {
        const candidates = new Candidates(count);
        candidates.fill(Float32Array.from(values));
        expect(candidates.ids()).toEqual(likeliest(values, count));
      }),
    );
  });

  it("forget those of the output before", () => {
    const candidates = new Candidates(2);
    candidates.fill(Float32Array.from([9, 8, 7]));
    candidates.fill(Float32Array.from([1, 2, 3]));
    expect(candidates.ids()).toEqual([2, 1]);
  });

  it("leave out what is no number", () => {
    const candidates = new Candidates(2);
    candidates.fill(Float32Array.from([1, 2, NaN, 3, NaN, 0.5, 0, 4]));
    expect(candidates.ids()).toEqual([7, 3]);
    candidates.fill(Float32Array.from([NaN, NaN, 1, 2]));
    expect(candidates.ids()).toEqual([3, 2]);
  });

  it("are none chosen before a chain has chosen", () => {
    const candidates = new Candidates(2);
    candidates.fill(Float32Array.from([1, 2]));
    expect(() => candidates.selected()).toThrow("chose no token");
  });
});

describe("a chain's reach", () => {
  it.each([
    ["the one likeliest at temperature zero", {}, 1],
    ["as many as top_k keeps", { temperature: 1, topK: 40 }, 40],
    ["any token without top_k", { temperature: 1, topK: 0 }, undefined],
    ["any token with a wide top_k", { temperature: 1, topK: 5000 }, undefined],
    ["no more for penalties or a bias", { presencePenalty: 1, logitBias: new Map([[1, 5]]) }, 1],
  ])("is %s", (_, sampling, reach) => {
    expect(reachOf(chainOf({ ...greedy, ...sampling }))).toBe(reach);
  });
});
