import { describe, expect, it } from "vitest";
import { encoderConfig } from "../../../src/engines/onnx/encoder-config.ts";
import type { EncoderFiles } from "../../../src/engines/onnx/encoder-config.ts";
import { modulesOf } from "../../../src/engines/onnx/modules.ts";

// Values are held against sentence-transformers in test/models/sentence-transformers.test.ts.

const files: EncoderFiles = {
  modules: [
    { kind: "transformer", path: "" },
    { kind: "pooling", path: "1_Pooling" },
    { kind: "normalize", path: "2_Normalize" },
  ],
  pooling: named("1_Pooling/config.json", { pooling_mode_mean_tokens: true }),
  sentence: named("sentence_bert_config.json", { max_seq_length: 256 }),
  prompts: undefined,
  tokenizer: { model_max_length: 512 },
  model: { max_position_embeddings: 512, vocab_size: 30_522 },
};

const none = {
  pooling: undefined,
  splade: undefined,
  normalize: undefined,
  contextLength: undefined,
};

function named(name: string, value: unknown) {
  return { name, value };
}

const withPooling = (value: unknown) => ({ ...files, pooling: named("p/config.json", value) });
const withSentence = (value: unknown) => ({ ...files, sentence: named("sentence_x.json", value) });
const withPrompts = (prompts: unknown) => ({ ...files, prompts });

describe("pooling", () => {
  it.each([
    ["a flag for the mean", { pooling_mode_mean_tokens: true }, ["mean"]],
    [
      "flags, in the order of the library",
      { pooling_mode_lasttoken: true, pooling_mode_cls_token: true },
      ["cls", "last"],
    ],
    ["a name", { pooling_mode: "weightedmean" }, ["weighted_mean"]],
    [
      "names, in their order",
      { pooling_mode: ["max", "mean_sqrt_len_tokens"] },
      ["max", "mean_sqrt_len"],
    ],
    ["a name before flags", { pooling_mode: "cls", pooling_mode_mean_tokens: true }, ["cls"]],
    ["flags that are all false", { pooling_mode_mean_tokens: false }, ["mean"]],
  ])("comes from %s", (_, pooling, expected) => {
    expect(encoderConfig(withPooling(pooling), none).pooling).toEqual(expected);
  });

  it("comes from the manifest where that states one", () => {
    expect(encoderConfig(files, { ...none, pooling: ["cls"] }).pooling).toEqual(["cls"]);
  });

  it("counts a prompt's tokens unless the file says otherwise", () => {
    expect(encoderConfig(files, none).includePrompt).toBe(true);
    const without = withPooling({ pooling_mode: "mean", include_prompt: false });
    expect(encoderConfig(without, none).includePrompt).toBe(false);
  });

  it.each([
    [
      "an unknown mode",
      { pooling_mode: "median" },
      "p/config.json: inferd does not know the pooling_mode median",
    ],
    ["no mode", { embedding_dimension: 4 }, "p/config.json states no pooling_mode"],
    [
      "an unknown key",
      { pooling_mode: "mean", weights: [1] },
      "p/config.json: inferd does not know the key weights",
    ],
  ])("is refused with %s", (_, pooling, message) => {
    expect(() => encoderConfig(withPooling(pooling), none)).toThrow(message);
  });
});

describe("the most tokens", () => {
  const roberta = { model_type: "roberta", pad_token_id: 1, max_position_embeddings: 514 };
  const bare = { ...files, sentence: undefined, tokenizer: undefined };

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
    [
      "fewer than the positions where those begin after padding",
      { ...bare, model: roberta },
      undefined,
      512,
    ],
    [
      "of such a model that states no padding id",
      { ...bare, model: { model_type: "mpnet", max_position_embeddings: 514 } },
      undefined,
      512,
    ],
    [
      "no more than positions whatever the sentence configuration says",
      { ...withSentence({ max_seq_length: 514 }), model: roberta },
      undefined,
      512,
    ],
    [
      "the tokenizer's where positions are without end, as XLNet's",
      { ...files, sentence: undefined, model: { max_position_embeddings: -1 } },
      undefined,
      512,
    ],
  ])("are %s", (_, given, contextLength, expected) => {
    expect(encoderConfig(given, { ...none, contextLength }).maxTokens).toBe(expected);
  });

  it.each([
    [files, 513, "512"],
    [{ ...bare, model: roberta }, 513, "512"],
    [{ ...files, model: undefined }, 257, "256"],
  ])("are refused beyond the model's positions: %#", (given, contextLength, most) => {
    expect(() => encoderConfig(given, { ...none, contextLength })).toThrow(most);
  });

  it("are refused where no file states them", () => {
    expect(() => encoderConfig({ ...bare, model: undefined }, none)).toThrow(
      "limits.context_length",
    );
  });
});

describe("normalize", () => {
  it.each([
    ["true with a Normalize at the end", files.modules, true],
    ["false without one", files.modules?.slice(0, 2), false],
    [
      "false where more follows",
      [...(files.modules ?? []), { kind: "dense", path: "3" } as const],
      false,
    ],
    ["true where no modules.json says", undefined, true],
  ])("is by default %s", (_, modules, expected) => {
    expect(encoderConfig({ ...files, modules }, none).normalize).toBe(expected);
    expect(encoderConfig({ ...files, modules }, { ...none, normalize: !expected }).normalize).toBe(
      !expected,
    );
  });
});

describe("prompts", () => {
  it("are those of the file, an empty one for none", () => {
    const prompts = { query: "q: ", document: null };
    const config = encoderConfig(withPrompts({ prompts, default_prompt_name: "query" }), none);
    expect(config).toMatchObject({
      prompts: [
        { name: "query", text: "q: " },
        { name: "document", text: "" },
      ],
      defaultPrompt: "query",
    });
  });

  it("have none by default where the file names one that every model has", () => {
    const config = encoderConfig(withPrompts({ prompts: {}, default_prompt_name: "query" }), none);
    expect(config.defaultPrompt).toBeUndefined();
  });

  it.each([
    [
      "a default that is none of them",
      { prompts: { a: "" }, default_prompt_name: "b" },
      "default_prompt_name",
    ],
    ["a prompt that is no text", { prompts: { a: 1 } }, "prompts.a"],
    ["more text than answers should carry", { prompts: { a: "x".repeat(300_000) } }, "262144"],
    ["a default number of dimensions", { truncate_dim: 64 }, "truncate_dim"],
    ["another type of model", { model_type: "SparseEncoder" }, "model_type is SparseEncoder"],
  ])("are refused with %s", (_, prompts, message) => {
    expect(() => encoderConfig(withPrompts(prompts), none)).toThrow(message);
  });
});

describe("the sentence configuration", () => {
  it.each([
    [
      "what changes no vector",
      { unpad_inputs: true, model_args: { attn_implementation: "eager" } },
    ],
    [
      "what every text model has",
      {
        transformer_task: "feature-extraction",
        modality_config: { text: { method: "forward", method_output_name: "last_hidden_state" } },
        module_output_name: "token_embeddings",
      },
    ],
    ["keys that say nothing", { query_length: null, processing_kwargs: {} }],
  ])("may state %s", (_, value) => {
    expect(() => encoderConfig(withSentence(value), none)).not.toThrow();
  });

  it.each([
    ["another task", { transformer_task: "fill-mask" }, "transformer_task is fill-mask"],
    ["another output", { module_output_name: "sentence_embedding" }, "module_output_name"],
    ["chat messages", { modality_config: { message: { method: "forward" } } }, "modality_config"],
    ["arguments of the tokenizer", { tokenizer_args: { padding_side: "left" } }, "tokenizer_args"],
    [
      "arguments of the model",
      { model_args: { is_causal: false } },
      "model_args: inferd does not know the key is_causal",
    ],
    ["lengths by task", { query_length: 32 }, "query_length"],
  ])("is refused with %s", (_, value, message) => {
    expect(() => encoderConfig(withSentence(value), none)).toThrow(message);
  });
});

describe("modules", () => {
  const module = (type: string, path = "") => ({
    type: `sentence_transformers.models.${type}`,
    path,
  });

  it("are known by older and newer types, and by their paths", () => {
    const newer = {
      type: "sentence_transformers.base.modules.transformer.Transformer",
      path: "0_T",
    };
    expect(modulesOf([newer, module("Pooling", "p"), module("Dropout")])).toEqual([
      { kind: "transformer", path: "0_T" },
      { kind: "pooling", path: "p" },
    ]);
    const sparse = [
      { kind: "transformer", path: "" },
      { kind: "splade", path: "s" },
    ];
    expect(modulesOf([module("MLMTransformer"), module("SpladePooling", "s")])).toEqual(sparse);
    expect(modulesOf([module("Transformer"), module("SpladePooling", "s")])).toEqual(sparse);
  });

  it.each([
    [
      "one that is not computed",
      [module("Transformer"), module("LSTM")],
      "sentence_transformers.models.LSTM",
    ],
    ["code of the model's own", [{ type: "custom_st.Transformer" }], "custom_st.Transformer"],
    [
      "a masked language model that is pooled otherwise",
      [module("MLMTransformer"), module("Pooling")],
      "order that inferd does not compute: mlm pooling",
    ],
    ["pooling twice", [module("Transformer"), module("Pooling"), module("Pooling")], "order"],
    ["Dense before pooling", [module("Transformer"), module("Dense"), module("Pooling")], "order"],
    ["none", [], "order"],
    ["a path that leads out", [module("Transformer"), module("Pooling", "../x")], "leads out"],
    ["an absolute path", [module("Transformer"), module("Pooling", "/x")], "leads out"],
    ["no list", {}, "not a list"],
  ])("are refused with %s", (_, modules, message) => {
    expect(() => modulesOf(modules)).toThrow(message);
  });
});

it("pads with a token that the model has", () => {
  const paddedWith = (pad_token_id: number) =>
    encoderConfig({ ...files, model: { vocab_size: 100, pad_token_id } }, none).paddingId;
  expect([99, 100, 1e18].map(paddedWith)).toEqual([99, 0, 0]);
});

it.each<[string, () => unknown]>([
  ["a value", () => encoderConfig(withPooling({ pooling_mode: "m".repeat(1e6) }), none)],
  ["a key", () => encoderConfig(withPooling({ ["m".repeat(1e6)]: 1 }), none)],
  ["a module", () => modulesOf([{ type: "m".repeat(1e6) }])],
])("shows only the beginning of %s that is long", (_, read) => {
  let message = "";
  try {
    read();
  } catch (thrown) {
    message = String(thrown);
  }
  expect(message).toContain("mmm");
  expect(message.length).toBeLessThan(300);
});
