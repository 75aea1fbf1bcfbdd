import { describe, expect, it } from "vitest";
import type { Sampling } from "../../../src/engines/engine.ts";
import { biasEntries, chainOf } from "../../../src/engines/llama/sampler.ts";

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

const kinds = (sampling: Sampling) => chainOf(sampling, 2048).map((link) => link.kind);

describe("chainOf", () => {
  it("keeps only what does something", () => {
    expect(chainOf(plain, 2048)).toEqual([
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
      frequencyPenalty: 0.5,
      logitBias: new Map([[3, -1]]),
    };
    expect(kinds(all)).toEqual("bias penalties topK typical topP minP temperature dist".split(" "));
  });

  it("takes the likeliest token at temperature zero, after penalties and bias", () => {
    const greedy: Sampling = {
      ...plain,
      temperature: 0,
      topK: 40,
      presencePenalty: 1,
      logitBias: new Map([[3, 1]]),
    };
    expect(kinds(greedy)).toEqual(["bias", "penalties", "greedy"]);
  });

  it.each([
    ["repetition", { repetitionPenalty: 1.1 }],
    ["presence", { presencePenalty: -0.1 }],
    ["frequency", { frequencyPenalty: 0.1 }],
  ])("penalises for %s alone, unless its window is zero", (_, part) => {
    expect(kinds({ ...plain, ...part })).toContain("penalties");
    expect(kinds({ ...plain, ...part, penaltyLastN: 0 })).not.toContain("penalties");
  });

  it("maps each penalty to its place, and the window to the context at most", () => {
    const sampling: Sampling = {
      ...plain,
      repetitionPenalty: 1.1,
      frequencyPenalty: 0.2,
      presencePenalty: 0.3,
      penaltyLastN: 1_000_000,
    };
    expect(chainOf(sampling, 512)[0]).toEqual({
      kind: "penalties",
      lastTokens: 512,
      repetition: 1.1,
      frequency: 0.2,
      presence: 0.3,
    });
  });
});

describe("biasEntries", () => {
  it("lays out an id and a float for each token, as llama_logit_bias does", () => {
    const view = new DataView(
      biasEntries(
        new Map([
          [5, 1.5],
          [70_000, -Infinity],
        ]),
      ).buffer,
    );
    expect(view.byteLength).toBe(16);
    expect([view.getInt32(0, true), view.getFloat32(4, true)]).toEqual([5, 1.5]);
    expect([view.getInt32(8, true), view.getFloat32(12, true)]).toEqual([70_000, -Infinity]);
  });
});
