import { describe, expect, it } from "vitest";
import { assertWordPieces, wordPieceText } from "../../../src/engines/llama/word-pieces.ts";

// Each was seen with all-MiniLM-L6-v2: the tokens of llama.cpp are those of Hugging Face's tokenizer.
describe("a text for WordPiece", () => {
  it.each([
    ["e\u0301 é", "e e"],
    ["a\vb\fc\u0085", "abc"],
    ["न\u092eस\u094dत\u0947", "नमसत"],
    ["a\u166db", "a \u166d b"],
    ["한", "\u1112\u1161\u11ab"],
    ["İ ß Straße", "I ß Straße"],
  ])("%j is given to llama.cpp as %j", (text, given) => {
    expect(wordPieceText(text)).toBe(given);
    expect(() => assertWordPieces(text)).not.toThrow();
  });

  it.each([
    ["a vowel sign that llama.cpp drops", "दुनिया"],
    ["a mark of a newer script", "a\u08cab"],
    ["a newer sign that llama.cpp splits at", "a\u2e5db"],
    ["a word of more than 100 characters", "x".repeat(101)],
    ["a word that decomposing makes as long", "한".repeat(34)],
  ])("is refused for %s", (_, text) => {
    expect(() => assertWordPieces(text)).toThrow("llama.cpp reads otherwise");
  });

  it.each([
    ["100 characters", "x".repeat(100)],
    ["long lines of a script without spaces", "汉字".repeat(200)],
    ["punctuation", `${"x".repeat(60)}-${"y".repeat(60)}`],
  ])("is taken with %s", (_, text) => {
    expect(() => assertWordPieces(text)).not.toThrow();
  });
});
