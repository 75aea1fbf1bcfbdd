import { describe, expect, it } from "vitest";
import {
  type GgufFacts,
  type GgufPooling,
  ggufTask,
  purposeOf,
} from "../../../src/engines/gguf-purpose.ts";

const scoring = new Map([["cls.output.weight", [32, 1]]]);

function facts(changes: Partial<GgufFacts>): GgufFacts {
  return {
    header: { version: 3, tensors: 0, metadata: new Map(), keys: new Set(), bytes: 0 },
    architecture: "bert",
    pooling: undefined,
    labels: [],
    rerankTemplate: undefined,
    heads: new Map(),
    isQuantised: false,
    ...changes,
  };
}

describe("what a file is for", () => {
  it.each<[string, GgufPooling | undefined, string]>([
    ["bert", undefined, "embed"],
    ["nomic-bert", undefined, "embed"],
    ["llama-embed", undefined, "embed"],
    ["pangu-embedded", undefined, "generate"],
    ["qwen3", "last", "embed"],
    ["qwen3", "none", "generate"],
    ["qwen3", undefined, "generate"],
    ["qwen3", "rank", "score"],
  ])("of architecture %s with pooling %s: %s", (architecture, pooling, expected) => {
    expect(purposeOf(facts({ architecture, pooling }))).toBe(expected);
  });

  it("is scores where only its tensors say so, and what a manifest states before all", () => {
    expect(purposeOf(facts({ heads: scoring }))).toBe("score");
    expect(purposeOf(facts({ heads: scoring, pooling: "mean" }))).toBe("embed");
    expect(purposeOf(facts({ heads: scoring }), "cls")).toBe("embed");
    expect(purposeOf(facts({ architecture: "qwen3" }), "mean")).toBe("embed");
  });

  it.each<[Partial<GgufFacts>, string]>([
    [{ labels: [] }, "rerank"],
    [{ labels: ["LABEL_0"] }, "rerank"],
    [{ labels: ["a", "b"] }, "classify"],
    [{ labels: ["yes", "no"], rerankTemplate: "{query} {document}" }, "rerank"],
    [{ heads: new Map() }, "embed"],
  ])("with %o is the task %s", (changes, task) => {
    expect(ggufTask(facts({ heads: scoring, ...changes }))).toBe(task);
  });
});
