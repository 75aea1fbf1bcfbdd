import { afterAll, describe, expect, it } from "vitest";
import { embed, loadFolder, makeFolder, removeFolders } from "../fixtures/encoder-folders.ts";
import { onnxModel } from "../fixtures/onnx-bytes.ts";

// Texts that a tokenizer other than the authors' reads as one.

afterAll(removeFolders);

const width = 4;

/** A model of words' vectors alone, whose mean shows which tokens were read: no two rows are alike. */
function folderWith(vocabularySize: number, tokenizer: object): string {
  const values = Float32Array.from({ length: vocabularySize * width }, (_, i) => Math.sin(i * i));
  const graph = onnxModel({
    nodes: [{ type: "Gather", inputs: ["words", "input_ids"], output: "last_hidden_state" }],
    weights: { words: { shape: [vocabularySize, width], values } },
    inputs: ["input_ids", "attention_mask"],
    output: { name: "last_hidden_state", shape: ["batch", "sequence", width] },
  });
  const files = {
    "tokenizer.json": { json: { version: "1.0", added_tokens: [], ...tokenizer } },
    "tokenizer_config.json": undefined,
    "config.json": { json: { vocab_size: vocabularySize } },
    "1_Pooling/config.json": { json: { pooling_mode_mean_tokens: true } },
    "sentence_bert_config.json": { json: { max_seq_length: 32 } },
  };
  return makeFolder({ base: "bert", graph, files });
}

async function read(folder: string, ...texts: readonly string[]) {
  const engine = await loadFolder(folder);
  const items = await embed(engine, texts);
  await engine.close();
  return items.map(({ values, tokenCount, error }) => {
    expect(error).toBeUndefined();
    return { tokens: tokenCount, vector: Array.from(values) };
  });
}

describe("two texts have two vectors", () => {
  it("where a word's letters are not all of ASCII", async () => {
    const folder = folderWith(4, {
      model: {
        ...{ type: "WordPiece", unk_token: "[UNK]", continuing_subword_prefix: "##" },
        max_input_chars_per_word: 100,
        vocab: { "[UNK]": 0, café: 1, caf: 2, é: 3 },
      },
      pre_tokenizer: { type: "Whitespace" },
    });
    const [word, words] = await read(folder, "café", "caf é");
    expect([word!.tokens, words!.tokens]).toEqual([1, 2]);
    expect(word!.vector).not.toEqual(words!.vector);
  });

  it("where a character is read as its bytes", async () => {
    const bytes = Array.from({ length: 256 }, (_, byte) => [
      `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`,
      -9,
    ]);
    const vocab = [["<unk>", 0], ["▁", -3], ...bytes, ["▁red", -2]];
    const folder = folderWith(vocab.length, {
      model: { type: "Unigram", unk_id: 0, vocab, byte_fallback: true },
      pre_tokenizer: { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true },
    });
    const [umbrella, snowman] = await read(folder, "red ☂", "red ☃");
    expect([umbrella!.tokens, snowman!.tokens]).toEqual([5, 5]);
    expect(umbrella!.vector).not.toEqual(snowman!.vector);
  });
});
