import { describe, expect, it } from "vitest";
import { encodeEach, openVocabulary } from "../../../src/engines/onnx/vocabulary.ts";

interface Parts {
  readonly model: object;
  readonly [part: string]: unknown;
}

const open = (parts: Parts) =>
  openVocabulary(
    JSON.stringify({
      ...{ version: "1.0", truncation: null, padding: null, added_tokens: [], normalizer: null },
      ...{ pre_tokenizer: null, post_processor: null, decoder: null },
      ...parts,
    }),
  );

async function idsOf(parts: Parts, ...texts: readonly string[]) {
  const encodings = await encodeEach(open(parts).vocabulary, texts);
  return encodings.map((encoding) => encoding?.getIds());
}

const words = (...all: readonly string[]) => Object.fromEntries(all.map((word, id) => [word, id]));

const wordLevel = (...all: readonly string[]): Parts => ({
  model: { type: "WordLevel", vocab: words(...all), unk_token: "[UNK]" },
  pre_tokenizer: { type: "Whitespace" },
});

describe("a word", () => {
  it("has letters of every script", async () => {
    const parts = wordLevel("[UNK]", "café", "caf", "é");
    expect(await idsOf(parts, "café", "caf é")).toEqual([[1], [2, 3]]);
  });

  it("that no token spells falls back to its bytes where the model says so", async () => {
    const bytes = Array.from({ length: 256 }, (_, byte) => [
      `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`,
      -9,
    ]);
    const vocab = [["<unk>", 0], ["▁", -3], ...bytes, ["▁red", -2]];
    const parts = {
      model: { type: "Unigram", unk_id: 0, vocab, byte_fallback: true },
      pre_tokenizer: { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true },
    };
    expect(await idsOf(parts, "red ☂", "red ☃")).toEqual([
      [258, 1, 228, 154, 132],
      [258, 1, 228, 154, 133],
    ]);
  });

  it("that no token spells fails alone where the model has no token for the unknown", async () => {
    const parts = {
      model: { type: "WordLevel", vocab: words("a", "b"), unk_token: "[UNK]" },
      pre_tokenizer: { type: "Whitespace" },
    };
    expect(await idsOf(parts, "a b", "a c", "b")).toEqual([[0, 1], undefined, [1]]);
  });
});

describe("what the file was last used with", () => {
  const parts = wordLevel("[UNK]", "a", "b", "c");
  const [strategy, direction] = ["LongestFirst", "Right"];

  it("cuts no text off", async () => {
    const truncation = { max_length: 2, stride: 0, strategy, direction };
    expect(await idsOf({ ...parts, truncation }, "a b c")).toEqual([[1, 2, 3]]);
  });

  it("pads none", async () => {
    const pad = { pad_id: 0, pad_type_id: 0, pad_token: "[UNK]", pad_to_multiple_of: null };
    const padding = { strategy: { Fixed: 8 }, direction, ...pad };
    expect(await idsOf({ ...parts, padding }, "a", "b c")).toEqual([[1], [2, 3]]);
  });
});

describe("a tokenizer", () => {
  it("has ids up to its added tokens", () => {
    const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false };
    const added_tokens = [{ id: 2, content: "<x>", special: true, ...flags }];
    expect(open({ ...wordLevel("[UNK]", "a"), added_tokens }).vocabularySize).toBe(3);
  });

  it.each(["", "{}", "[1", '{"model":{"type":"Other"}}'])("that is %j cannot be used", (json) => {
    expect(() => openVocabulary(json)).toThrow("tokenizer.json cannot be used");
  });
});
