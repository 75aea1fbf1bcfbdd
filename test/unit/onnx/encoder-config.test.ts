import { describe, expect, it } from "vitest";
import { encoderConfig } from "../../../src/engines/onnx/encoder-config.ts";
import type { EncoderFiles } from "../../../src/engines/onnx/encoder-config.ts";

const files: EncoderFiles = {
  modules: [
    { type: "sentence_transformers.models.Transformer" },
    { type: "sentence_transformers.models.Pooling" },
    { type: "sentence_transformers.models.Normalize" },
  ],
  pooling: { pooling_mode_mean_tokens: true, pooling_mode_cls_token: false },
  sentence: { max_seq_length: 256 },
  tokenizer: { model_max_length: 512 },
  model: { max_position_embeddings: 512, vocab_size: 30_522 },
};

const none = { pooling: undefined, contextLength: undefined };

describe("pooling", () => {
  it.each([
    ["a flag for the mean", { pooling_mode_mean_tokens: true }, "mean"],
    ["a flag for the first token", { pooling_mode_cls_token: true }, "cls"],
    ["a flag for the last token", { pooling_mode_lasttoken: true }, "last"],
    ["a name", { pooling_mode: "lasttoken" }, "last"],
  ])("comes from %s", (_, pooling, expected) => {
    expect(encoderConfig({ ...files, pooling }, none).pooling).toBe(expected);
  });

  it("comes from the manifest where that states one", () => {
    expect(encoderConfig(files, { ...none, pooling: "cls" }).pooling).toBe("cls");
  });

  it.each([
    ["no file", undefined, "options.pooling"],
    ["a mode that is not done", { pooling_mode_max_tokens: true }, "pooling_mode_max_tokens"],
    [
      "two modes",
      { pooling_mode_max_tokens: true, pooling_mode_mean_tokens: true },
      "pooling_mode_max_tokens and pooling_mode_mean_tokens",
    ],
    ["no mode", { pooling_mode_mean_tokens: false }, "no pooling"],
  ])("is refused with %s", (_, pooling, message) => {
    expect(() => encoderConfig({ ...files, pooling }, none)).toThrow(message);
  });
});

describe("the most tokens", () => {
  it.each([
    ["the sentence configuration's first", files, undefined, 256],
    ["then the tokenizer's", { ...files, sentence: undefined }, undefined, 512],
    [
      "not the tokenizer's way to say none",
      { ...files, sentence: undefined, tokenizer: { model_max_length: 1e30 } },
      undefined,
      512,
    ],
    ["the manifest's before all", files, 100, 100],
    ["the manifest's up to the positions", files, 512, 512],
  ])("are %s", (_, given, contextLength, expected) => {
    expect(encoderConfig(given, { ...none, contextLength }).maxTokens).toBe(expected);
  });

  it("are refused beyond the model's positions", () => {
    expect(() => encoderConfig(files, { ...none, contextLength: 513 })).toThrow("512");
  });

  it("are refused where no file states them", () => {
    const bare = { ...files, sentence: undefined, tokenizer: undefined, model: undefined };
    expect(() => encoderConfig(bare, none)).toThrow("limits.context_length");
  });
});

it("refuses a model with a module that is not computed", () => {
  const modules = [{ type: "sentence_transformers.models.Dense" }];
  expect(() => encoderConfig({ ...files, modules }, none)).toThrow("Dense");
});
