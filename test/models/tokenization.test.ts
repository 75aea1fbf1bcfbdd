/** Tokens as callers are shown them, of the fuzzed strings that Python's libraries have read: ids, bytes and places. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine, Tokenized } from "../../src/engines/engine.ts";
import { answerWith } from "../../src/engines/onnx/questions.ts";
import { openTokenBytes } from "../../src/engines/onnx/token-bytes.ts";
import { openVocabulary } from "../../src/engines/onnx/vocabulary.ts";
import { intList, textList } from "../fixtures/gguf-bytes.ts";
import { tinyModel } from "../fixtures/tiny-models.ts";
import { tokenizerStrings } from "../fixtures/tokenizer-strings.ts";
import { complete, jobFor, openEngine } from "./llama-engine.ts";

const every = (step: number) => tokenizerStrings().filter((_, index) => index % step === 0);

interface Piece {
  readonly bytes: Buffer;
  readonly isSpecial: boolean;
  readonly start: number;
  readonly end: number;
}

function piecesOf({ ids, pieces }: Tokenized): readonly Piece[] {
  const { bytes, ends, special, places } = pieces!;
  return Array.from(ids, (_, index) => ({
    bytes: Buffer.from(bytes.subarray(index === 0 ? 0 : ends[index - 1], ends[index])),
    isSpecial: special[index] === 1,
    start: places![2 * index]!,
    end: places![2 * index + 1]!,
  }));
}

/** That places are those of the tokens' own bytes, in their order, and leave nothing out but what control tokens take. */
function assertSpells(text: string, pieces: readonly Piece[]): void {
  const bytes = Buffer.from(text);
  const spelt = (some: Buffer): string => some.toString("latin1").replaceAll("\xe2\x96\x81", " ");
  let at = 0;
  let isFirst = true;
  for (const { bytes: token, isSpecial, start, end } of pieces) {
    const isAdded = isSpecial && start === end;
    const gap = spelt(bytes.subarray(at, start));
    expect(isFirst || isSpecial ? gap.trim() : gap, text).toBe("");
    const own = spelt(token);
    // Of a space that the vocabulary puts before a text, the text has nothing.
    const spellings = isFirst ? [own, own.replace(/^ /, "")] : [own];
    if (!isAdded) expect(spellings, text).toContain(spelt(bytes.subarray(start, end)));
    isFirst = isSpecial;
    at = end;
  }
  expect(bytes.subarray(at).toString().trim(), text).toBe("");
}

describe("a model of byte-level BPE in llama.cpp", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openEngine();
  }, 120_000);
  afterAll(async () => engine.close());

  const tokenize = (text: string, special = { addSpecial: true, parseSpecial: false }) =>
    engine.answer!({ kind: "tokenize", text, ...special, withPieces: true }) as Tokenized;

  it(
    "spells each text byte for byte, and makes it of the tokens again",
    { timeout: 60_000 },
    () => {
      for (const text of every(10)) {
        const read = tokenize(text);
        const pieces = piecesOf(read);
        assertSpells(text, pieces);
        expect(pieces[0]).toMatchObject({ isSpecial: true, start: 0, end: 0 });
        const again = { kind: "detokenize", ids: read.ids, skipSpecial: true } as const;
        expect(engine.answer!(again)).toBe(text);
      }
    },
  );

  it("reads control tokens of a text where asked, and says which they are", () => {
    const text = "a<|end|>b";
    const read = (parseSpecial: boolean) =>
      piecesOf(tokenize(text, { addSpecial: false, parseSpecial }));
    expect(read(true)).toMatchObject([
      { start: 0, end: 1, isSpecial: false },
      { start: 1, end: 8, isSpecial: true },
      { start: 8, end: 9, isSpecial: false },
    ]);
    expect(read(false).some(({ isSpecial }) => isSpecial)).toBe(false);
  });

  it("makes of tokens the text that node-llama-cpp makes of them", () => {
    const oracle = JSON.parse(readFileSync("test/fixtures/llama-oracle.json", "utf8")) as {
      readonly completions: readonly { readonly text: string; readonly tokens: number[] }[];
    };
    for (const { text, tokens } of oracle.completions) {
      const ids = Uint32Array.from(tokens);
      expect(engine.answer!({ kind: "detokenize", ids, skipSpecial: true })).toBe(text);
    }
  });

  it("reads a chat as its generation does: the same count, and the same answer to its tokens", async () => {
    const messages = [
      { role: "system", content: "Be brief. <|end|>" },
      { role: "user", content: "Wie heißt du? 東京" },
    ] as const;
    const question = { kind: "tokenizeChat", messages, withPieces: true } as const;
    const chat = engine.answer!(question) as Tokenized & { text: string };
    const [asked] = await complete(engine, jobFor({ kind: "chat", messages }));
    const [given] = await complete(engine, jobFor({ kind: "token_ids", ids: chat.ids }));
    expect(chat.ids).toHaveLength(asked!.result.usage.promptTokens);
    expect(given!.text).toBe(asked!.text);
    const pieces = piecesOf(chat);
    const text = Buffer.from(chat.text);
    expect(chat.text).toBe(engine.answer!({ kind: "applyTemplate", messages }));
    for (const { bytes, start, end } of pieces) expect(text.subarray(start, end)).toEqual(bytes);
    expect(pieces.at(-1)?.end).toBe(text.length);
    // The one that the message spells is text.
    const ends = pieces.filter(({ isSpecial, bytes }) => isSpecial && String(bytes) === "<|end|>");
    expect(ends).toHaveLength(2);
  });
});

describe("a model of SentencePiece in llama.cpp", () => {
  const folder = mkdtempSync(join(tmpdir(), "inferd-tokens-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  it("spells each text, but for the space that it puts before", { timeout: 60_000 }, async () => {
    const path = join(folder, "model.gguf");
    const byte = (value: number) => `<0x${value.toString(16).toUpperCase().padStart(2, "0")}>`;
    // No text has the last byte, whose place the mark for a space takes.
    const bytes = Array.from({ length: 255 }, (_, value) => byte(value));
    const metadata = {
      "tokenizer.ggml.tokens": textList(["<unk>", "<s>", "</s>", ...bytes, "▁"]),
      "tokenizer.ggml.token_type": intList([2, 3, 3, ...bytes.map(() => 6), 1]),
    };
    writeFileSync(path, tinyModel("llama", { metadata }));
    const engine = await openEngine({ files: { model: path } });
    const rest = { addSpecial: true, parseSpecial: false, withPieces: true };
    for (const text of every(40)) {
      const read = engine.answer!({ kind: "tokenize", text, ...rest }) as Tokenized;
      assertSpells(text, piecesOf(read));
    }
    await engine.close();
  });
});

describe.each([
  ["bpe-byte-level", true],
  ["bpe-metaspace-byte-fallback", true],
  ["bpe-split-ignore-merges", true],
  ["unigram-byte-fallback", false],
  ["wordpiece-cased", false],
  ["wordpiece-uncased", false],
  ["unigram-nmt-nfkc-map", false],
  ["added-tokens", false],
])("%s", (kind, isSpelt) => {
  const json = readFileSync(`test/fixtures/tokenizers/${kind}.json`, "utf8");
  const { vocabulary } = openVocabulary(json);
  const tokenBytes = openTokenBytes(JSON.parse(json));
  const promptOf = () => ({ text: "", tokens: 0, skipped: 0 });

  it(
    "has the library's ids, and each token where the library has it",
    { timeout: 60_000 },
    async () => {
      let spelt = 0;
      for (const text of every(40)) {
        const [reference] = await vocabulary.encodeBatch([text]).catch(() => []);
        // A vocabulary without a token for the unknown reads only some.
        if (reference === undefined) continue;
        const question = { kind: "tokenize", text, addSpecial: true, parseSpecial: false } as const;
        const parts = { vocabulary, tokenBytes, promptOf };
        const read = (await answerWith(parts, { ...question, withPieces: true })) as Tokenized;
        expect(Array.from(read.ids)).toEqual(reference.getIds());
        const pieces = piecesOf(read);
        // What the vocabulary does not know is left out, or one token stands for it; and one composes characters.
        const isKnown = pieces.every(({ bytes }) => String(bytes) !== "<unk>");
        const length = pieces.reduce((sum, { bytes }) => sum + bytes.length, 0);
        const isRewritten = text !== text.normalize("NFC") || length < Buffer.byteLength(text);
        if (isSpelt && isKnown && !isRewritten) {
          assertSpells(text, pieces);
          spelt += 1;
        }
        const characters = Array.from(text);
        const bytesBefore = (count: number) =>
          Buffer.byteLength(characters.slice(0, count).join(""));
        for (const [index, [from = 0, to = 0]] of reference.getOffsets().entries()) {
          const { start, end } = pieces[index]!;
          if (start === end) continue;
          // The library counts whole characters, and gives some spaces to a neighbour: the two touch at least.
          expect(start, `${text} ${index}`).toBeLessThanOrEqual(bytesBefore(to));
          expect(end, `${text} ${index}`).toBeGreaterThanOrEqual(bytesBefore(from));
        }
      }
      if (isSpelt) expect(spelt).toBeGreaterThan(300);
    },
  );
});
