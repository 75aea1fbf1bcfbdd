import { describe, expect, it } from "vitest";
import { scoringConfig } from "../../../src/engines/onnx/scoring-config.ts";
import { labelsOf, scoringTask } from "../../../src/engines/sequence-classifier.ts";

const architectures = ["BertForSequenceClassification"];
const one = { architectures, id2label: { 0: "LABEL_0" } };
const three = { architectures, id2label: { 0: "no", 2: "maybe", 1: "yes" } };

describe("the task of a config.json", () => {
  it.each([
    ["one label", one, "rerank"],
    ["one label by number", { architectures, num_labels: 1 }, "rerank"],
    ["three labels", three, "classify"],
    ["none stated, which are two", { architectures }, "classify"],
    ["another architecture", { ...three, architectures: ["BertForMaskedLM"] }, undefined],
    ["no architecture", { id2label: three.id2label }, undefined],
    ["no object", [], undefined],
  ])("with %s", (_, config, task) => {
    expect(scoringTask(config)).toBe(task);
  });
});

describe("labels", () => {
  it("are in the order of their numbers", () => {
    expect(labelsOf(three)).toEqual(["no", "yes", "maybe"]);
  });

  it("are numbered where their count is another", () => {
    expect(labelsOf({ ...three, num_labels: 2 })).toEqual(["LABEL_0", "LABEL_1"]);
  });

  it("must have no gap", () => {
    const model = { ...three, id2label: { 0: "no", 2: "maybe" } };
    expect(() => scoringConfig({ model, prompts: undefined })).toThrow(
      "config.json: id2label has no label 1",
    );
  });
});

describe("functions that would change scores", () => {
  it.each([
    [
      "an unknown function of torch",
      { ...one, sentence_transformers: { activation_fn: "torch.nn.modules.activation.GELU" } },
      undefined,
      "config.json: inferd does not compute the function torch.nn.modules.activation.GELU of sentence_transformers.activation_fn",
    ],
    [
      "a default prompt",
      one,
      { default_prompt_name: "query", prompts: { query: "q: " } },
      "config_sentence_transformers.json: default_prompt_name is set",
    ],
    ["a model that embeds", one, { model_type: "SentenceTransformer" }, "model_type is Sentence"],
    ["a key that is not known", one, { odd: true }, "does not know the key odd"],
  ])("refuse %s", (_, model, prompts, message) => {
    expect(() => scoringConfig({ model, prompts })).toThrow(message);
  });
});

it("makes probabilities that sum to 1, of any numbers", () => {
  const { classify } = scoringConfig({ model: three, prompts: undefined });
  const scores = classify(Float32Array.of(1000, 999, -1000));
  expect(scores[0]).toBeCloseTo(0.731_058_6, 6);
  expect(scores[0]! + scores[1]! + scores[2]!).toBeCloseTo(1, 6);
});
