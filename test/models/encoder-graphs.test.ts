/** Graphs as exporters write them, and graphs that are no encoders, or fail. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import {
  cosine,
  embed,
  encoders,
  loadFolder,
  makeFolder,
  removeFolders,
} from "../fixtures/encoder-folders.ts";
import type { FolderParts, SourceChanges } from "../fixtures/encoder-folders.ts";
import { context, embedJob } from "../fixtures/jobs.ts";
import { onnxModel } from "../fixtures/onnx-bytes.ts";
import type { Graph } from "../fixtures/onnx-bytes.ts";

afterAll(removeFolders);

const mean = { "1_Pooling/config.json": { json: { pooling_mode: "mean" } } } as const;
const bert = JSON.parse(readFileSync(join(encoders, "bert/tokenizer.json"), "utf8")) as {
  readonly model: { readonly vocab: Readonly<Record<string, number>> };
  readonly added_tokens: readonly unknown[];
};
const size = Object.keys(bert.model.vocab).length;
const idOf = (token: string) => bert.model.vocab[token]!;

/** One row of 4 numbers for each token; a row may be another than the rest. */
function table(rows: number, odd: Readonly<Record<number, number>> = {}) {
  const values = Float32Array.from({ length: rows * 4 }, (_, at) => {
    return odd[Math.floor(at / 4)] ?? Math.sin(at + 1);
  });
  return { shape: [rows, 4], values };
}

/** Looks tokens up, and does not look at anything else. */
function lookup(changes: Partial<Graph> = {}, rows = table(size)): Buffer {
  return onnxModel({
    nodes: [{ type: "Gather", inputs: ["table", "input_ids"], output: "last_hidden_state" }],
    weights: { table: rows },
    inputs: ["input_ids", "attention_mask"],
    output: { name: "last_hidden_state", shape: ["batch", "sequence", 4] },
    ...changes,
  });
}

const open = (parts: Partial<FolderParts>, changes?: SourceChanges, lines?: string[]) =>
  loadFolder(
    makeFolder({ base: "bert", ...parts, files: { ...mean, ...parts.files } }),
    changes,
    lines,
  );

describe("a graph", () => {
  const texts = ["a cat", "A CAT on the Mat", ""];

  it.each([
    ["of int32 inputs, positions and half precision", "bert-odd.onnx", 0.99999, "mean"],
    ["that pools", "bert-pooled.onnx", 0.999999, "graph"],
  ])("%s gives the vectors of the plain one", async (_, graph, least, pooling) => {
    const [plain, other] = [await open({}), await open({ graph })];
    expect(other.info.tasks.embed).toMatchObject({ pooling, dimensions: 16 });
    const expected = await embed(plain, texts);
    for (const [place, { values }] of (await embed(other, texts)).entries()) {
      expect(cosine(values, expected[place]!.values)).toBeGreaterThan(least);
    }
  });

  it("counts positions after the padding id where its model does", async () => {
    const positions = onnxModel({
      nodes: [{ type: "Gather", inputs: ["table", "position_ids"], output: "last_hidden_state" }],
      weights: { table: table(32) },
      inputs: ["input_ids", "attention_mask", "position_ids"],
      output: { name: "last_hidden_state", shape: ["batch", "sequence", 4] },
    });
    const config = { model_type: "roberta", pad_token_id: 1, max_position_embeddings: 32 };
    const files = {
      "config.json": { json: config },
      "1_Pooling/config.json": { json: { pooling_mode: "cls" } },
    };
    const engine = await open({ graph: positions, files });
    const [item] = await embed(engine, ["a"]);
    expect(Array.from(item!.values)).toEqual(Array.from(table(32).values.slice(8, 12)));
  });

  it("is given no token type where the tokenizer has others", async () => {
    const post_processor = {
      type: "TemplateProcessing",
      single: [
        { Sequence: { id: "A", type_id: 0 } },
        { SpecialToken: { id: "[CLS]", type_id: 2 } },
      ],
      pair: [{ Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 1 } }],
      special_tokens: { "[CLS]": { id: "[CLS]", ids: [2], tokens: ["[CLS]"] } },
    };
    const files = { "tokenizer.json": { json: { ...bert, post_processor } } };
    await expect(open({ files })).rejects.toThrow("type_id");
  });
});

describe("a graph that is no encoder", () => {
  const named = (name: string, shape: readonly (string | number)[] = ["batch", "sequence", 4]) =>
    lookup({
      nodes: [{ type: "Gather", inputs: ["table", "input_ids"], output: name }],
      output: { name, shape },
    });
  const masked = { "config.json": { json: { architectures: ["BertForMaskedLM"] } } };

  it.each([
    ["gives logits", { graph: named("logits") }, {}, "logits are served only of a model"],
    ["is of such an architecture", { graph: named("x"), files: masked }, {}, "BertForMaskedLM"],
    ["has an output of an unknown name", { graph: named("x") }, {}, "options.output"],
    ["has not the output that was chosen", {}, { output: "y" }, "gives last_hidden_state"],
    [
      "has an output of another shape",
      { graph: named("last_hidden_state", ["batch", 4]) },
      {},
      "[batch, sequence, dimensions]",
    ],
    [
      "has an input that is not known",
      { graph: lookup({ inputs: ["input_ids", "past"] }) },
      {},
      "past",
    ],
    ["pools already", { graph: "bert-pooled.onnx" }, { pooling: "mean" }, "is pooled already"],
  ])("is refused where it %s", async (_, parts, options, message) => {
    const limits = { options, contextLength: 32 };
    await expect(open(parts, limits)).rejects.toThrow(message);
  });

  it("is served where it says that it was trained as another, and gives hidden states", async () => {
    const config = JSON.parse(readFileSync(join(encoders, "bert/config.json"), "utf8")) as object;
    const files = { "config.json": { json: { ...config, architectures: ["BertForMaskedLM"] } } };
    await expect(open({ files })).resolves.toBeDefined();
  });

  it("is served where the manifest chooses its output", async () => {
    const engine = await open({ graph: named("x") }, { options: { output: "x" } });
    expect(engine.info.tasks.embed?.dimensions).toBe(4);
  });

  it("names what it lacks where nothing states the pooling", async () => {
    const files = { "1_Pooling/config.json": undefined };
    await expect(open({ files })).rejects.toThrow("options.pooling");
  });
});

describe("a text", () => {
  const prompts = {
    "config_sentence_transformers.json": {
      json: { prompts: { query: "query: ", none: "" }, default_prompt_name: "query" },
    },
  };

  it("may have as many tokens as there are positions after padding, and no more", async () => {
    // Of 12 positions the model's texts have 10, special tokens included.
    const engine = await open({ base: "roberta" });
    expect(engine.info.contextLength).toBe(10);
    const [fits, long, cut, after] = await embed(engine, ["a".repeat(8), "a".repeat(9), "", "a"]);
    expect([fits!.tokenCount, fits!.error, after!.error, cut!.error]).toEqual([10, ...none(3)]);
    expect(long!.error).toMatchObject({ reason: "INPUT_TOO_LONG", facts: { limit: "10" } });
    const [end] = await embed(engine, ["a".repeat(9)], { truncate: "end" });
    expect(end).toMatchObject({ tokenCount: 10, truncated: true });
    await expect(open({ base: "roberta" }, { contextLength: 11 })).rejects.toThrow("10 tokens");
  });

  it("has the default prompt before it, another, or none", async () => {
    const engine = await open({ files: prompts });
    const tokensOf = async (changes: object) =>
      (await embed(engine, ["a"], changes))[0]!.tokenCount;
    expect(await tokensOf({})).toBe(9);
    expect(await tokensOf({ promptName: "" })).toBe(3);
    expect(await tokensOf({ promptName: "none" })).toBe(3);
    expect(() => engine.add(1, embedJob(["a"], { promptName: "other" }), context)).toThrow(
      expect.objectContaining({ reason: "FIELD_INVALID" }),
    );
  });

  it("keeps its prompt when it is cut at its start", async () => {
    const engine = await open({ files: prompts }, { contextLength: 12 });
    const [cut] = await embed(engine, ["x y z a b c"], { truncate: "start" });
    const [kept] = await embed(engine, ["z a b c"], {});
    expect(cut).toMatchObject({ tokenCount: 12, truncated: true });
    expect(cosine(cut!.values, kept!.values)).toBeGreaterThan(0.999999);
  });

  it("has room beside each prompt, or the model is refused", async () => {
    await expect(open({ files: prompts }, { contextLength: 8 })).rejects.toThrow("prompts.query");
  });

  const none = (count: number) => Array<undefined>(count).fill(undefined);
});

describe("a graph that fails", () => {
  it("on texts of the length that its files state, is refused", async () => {
    const config = { vocab_size: size };
    const files = { "config.json": { json: config } };
    await expect(open({ files }, { contextLength: 40 })).rejects.toThrow(
      /^the model fails on a text of 40 tokens.*context_length/,
    );
  });

  it("on texts longer than any that is tried, is not asked for them", async () => {
    const files = { "config.json": { json: { max_position_embeddings: 999_999_999 } } };
    const engine = await open({ graph: lookup({}, table(size)), files });
    expect(engine.info.contextLength).toBe(999_999_999);
    // Positions for 2048 tokens and no more.
    const short = { ...table(2048), values: new Float32Array(2048 * 4) };
    const graph = lookup({
      nodes: [
        { type: "Gather", inputs: ["positions", "position_ids"], output: "placed" },
        { type: "Gather", inputs: ["table", "input_ids"], output: "looked" },
        { type: "Add", inputs: ["placed", "looked"], output: "last_hidden_state" },
      ],
      weights: { table: table(size), positions: short },
      inputs: ["input_ids", "attention_mask", "position_ids"],
    });
    const tried = await open({ graph, files });
    const items = await embed(tried, ["a b", "a ".repeat(2100)]);
    expect(items.map(({ error }) => error?.reason)).toEqual([undefined, "INTERNAL"]);
  });

  it("on the highest token of the tokenizer, is refused", async () => {
    const files = { "config.json": { json: {} } };
    const graph = lookup({}, table(size - 1));
    await expect(open({ graph, files }, { contextLength: 32 })).rejects.toThrow(
      `the token id ${size - 1}`,
    );
  });

  it("on each text, with numbers that are none, is refused", async () => {
    const graph = lookup({}, { shape: [size, 4], values: new Float32Array(size * 4).fill(NaN) });
    await expect(open({ graph })).rejects.toThrow("its weights are wrong");
  });

  it("on one text of a batch, fails that text alone and stays", async () => {
    // Counts a text's r's and looks the number up, in a table for fewer than 12.
    const graph = lookup({
      nodes: [
        { type: "Equal", inputs: ["input_ids", "r"], output: "equal" },
        { type: "Cast", inputs: ["equal"], output: "ones", attributes: { to: 7 } },
        { type: "CumSum", inputs: ["ones", "axis"], output: "count" },
        { type: "Gather", inputs: ["counts", "count"], output: "counted" },
        { type: "Gather", inputs: ["table", "input_ids"], output: "looked" },
        { type: "Add", inputs: ["counted", "looked"], output: "last_hidden_state" },
      ],
      weights: {
        table: table(size),
        counts: table(12),
        r: { shape: [1], values: BigInt64Array.of(BigInt(idOf("r"))) },
        axis: { shape: [1], values: BigInt64Array.of(1n) },
      },
    });
    const lines: string[] = [];
    const engine = await open({ graph }, {}, lines);
    const texts = ["a b c d e f", "r r r r r r r r r r r r", "g h i j k l"];
    const [alone] = await embed(engine, [texts[0]!]);
    for (let time = 0; time < 2; time++) {
      const items = await embed(engine, texts);
      expect(items.map(({ error }) => error?.reason)).toEqual([undefined, "INTERNAL", undefined]);
      expect(cosine(items[0]!.values, alone!.values)).toBeGreaterThan(0.999999);
    }
    // Of the same failure, however often it is caused.
    expect(lines.filter((line) => line.startsWith("the graph fails on a text"))).toHaveLength(1);
  });

  it("on one token, fails no more than the texts that have it", async () => {
    const engine = await open({ graph: lookup({}, table(size, { [idOf("r")]: NaN })) });
    const [good, bad] = await embed(engine, ["a", "r"]);
    expect(good!.values.every(Number.isFinite)).toBe(true);
    // The worker makes an error of it, whatever the encoding.
    expect(bad!.values.some(Number.isFinite)).toBe(false);
  });
});

describe("texts beside each other", () => {
  const companions = ["WAR zzz", "q", "A CAT on the Mat", "x y z : a b c d e", "m m m m"];

  it.each(["bert.onnx", "bert-int8.onnx", "without a mask"])(
    "do not change each other's vectors: %s",
    async (graph) => {
      const engine = await open(graph === "without a mask" ? { graph: withoutMask() } : { graph });
      expect(engine.info.tasks.embed?.batching).toBe(graph === "bert.onnx" ? "together" : "alone");
      const [alone] = await embed(engine, ["a cat on the mat"]);
      const [together] = await embed(engine, ["a cat on the mat", ...companions]);
      expect(cosine(alone!.values, together!.values)).toBeGreaterThan(0.999999);
    },
  );

  it("may change each other's vectors where the manifest lets them", async () => {
    const engine = await open({ graph: "bert-int8.onnx" }, { options: { batch: "always" } });
    expect(engine.info.tasks.embed?.batching).toBe("mixed");
    const [alone] = await embed(engine, ["a cat on the mat"]);
    const [together] = await embed(engine, ["a cat on the mat", ...companions]);
    expect(cosine(alone!.values, together!.values)).toBeLessThan(0.999999);
  });

  it("are computed apart where the manifest says so", async () => {
    const engine = await open({}, { options: { batch: "never" } });
    expect(engine.info.tasks.embed?.batching).toBe("alone");
  });

  /** Adds the mean of all that it is given, padding and the batch included, to each token. */
  function withoutMask(): Buffer {
    return lookup({
      nodes: [
        { type: "Gather", inputs: ["table", "input_ids"], output: "looked" },
        { type: "ReduceMean", inputs: ["looked"], output: "middle", attributes: { keepdims: 1 } },
        { type: "Add", inputs: ["looked", "middle"], output: "last_hidden_state" },
      ],
      inputs: ["input_ids"],
    });
  }
});

describe("token ids of a tokenizer", () => {
  const withId = (id: number) => {
    const vocab = { ...bert.model.vocab, x: id };
    return { "tokenizer.json": { json: { ...bert, model: { ...bert.model, vocab } } } };
  };

  it.each([-5, 1.5, 2 ** 31, 1e300])("are refused where one is %d", async (id) => {
    await expect(open({ files: withId(id) })).rejects.toThrow(`the token id ${id}`);
  });

  it("are refused where one of an added token is", async () => {
    const added = [...bert.added_tokens, { id: -1, content: "<x>" }];
    const files = { "tokenizer.json": { json: { ...bert, added_tokens: added } } };
    await expect(open({ files })).rejects.toThrow("the token id -1");
  });

  it("are refused beyond the model's table", async () => {
    await expect(open({ files: withId(size) })).rejects.toThrow("do not belong together");
  });
});
