import { describe, expect, it } from "vitest";
import type { Sampling } from "../../../src/engines/engine.ts";
import { chainOf } from "../../../src/engines/llama/sampler.ts";

const plain: Sampling = {
  temperature: 0.8,
  topK: 0,
  topP: 1,
  minP: 0,
  typicalP: 1,
  repetitionPenalty: 1,
  presencePenalty: 0,
  frequencyPenalty: 0,
  penaltyLastN: 64,
  seed: 7,
  maxTokens: 16,
  minTokens: 0,
  logitBias: new Map(),
  ignoreEos: false,
};

const kinds = (sampling: Sampling) => chainOf(sampling).map((link) => link.kind);

describe("chainOf", () => {
  it("keeps only what does something", () => {
    expect(chainOf(plain)).toEqual([
      { kind: "temperature", temperature: 0.8 },
      { kind: "dist", seed: 7 },
    ]);
  });

  it("orders links as llama.cpp does", () => {
    const all: Sampling = {
      ...plain,
      topK: 40,
      topP: 0.9,
      minP: 0.05,
      typicalP: 0.9,
    };
    expect(kinds(all)).toEqual("topK typical topP minP temperature dist".split(" "));
  });

  it("takes the likeliest token at temperature zero", () => {
    expect(kinds({ ...plain, temperature: 0, topK: 40 })).toEqual(["greedy"]);
  });
});
