import { describe, expect, it } from "vitest";
import type { Truncation } from "../../../src/engines/engine.ts";
import { openTokens } from "../../../src/engines/onnx/tokens.ts";
import type { Vocabulary } from "../../../src/engines/onnx/tokens.ts";

/** A token a word, whose id is the number that the word is; 1 before a text and 2 after it. */
function numbers() {
  let characters = 0;
  const vocabulary: Vocabulary = {
    encode(text, { add_special_tokens: isWhole = true } = {}) {
      characters += text.length;
      const ids = text
        .split(/\s+/)
        .filter(Boolean)
        .map((word) => parseInt(word, 36));
      return { ids: isWhole ? [1, ...ids, 2] : ids };
    },
  };
  return { vocabulary, read: () => characters };
}

const count = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => (from + i).toString(36)).join(" ");

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

describe("a text", () => {
  const tokens = openTokens(numbers().vocabulary, 10);

  it.each(["none", "end", "start"] as const)("that fits is read whole with %s", (truncate) => {
    const read = tokens.read(count(100, 108), truncate);
    expect(read).toEqual({ ids: [1, ...range(100, 108), 2], truncated: false });
  });

  it("that is empty has the special tokens", () => {
    expect(tokens.read("", "none")).toEqual({ ids: [1, 2], truncated: false });
  });

  it.each([
    ["end", range(100, 108)],
    ["start", range(142, 150)],
  ] as const)("that is too long keeps its special tokens when cut at the %s", (truncate, kept) => {
    expect(tokens.read(count(100, 150), truncate)).toEqual({
      ids: [1, ...kept, 2],
      truncated: true,
    });
  });

  it("that is too long fails with how long it is", () => {
    const { ids, error } = tokens.read(count(100, 109), "none");
    expect(ids).toEqual([]);
    expect(error).toMatchObject({
      reason: "INPUT_TOO_LONG",
      facts: { tokens: "11", limit: "10" },
    });
  });
});

describe("a text of a million words", () => {
  const text = count(100_000, 600_000);

  it.each<[Truncation, readonly number[] | undefined]>([
    ["end", range(100_000, 100_030)],
    ["start", range(599_970, 600_000)],
    ["none", undefined],
  ])("is read no further than it needs to be with %s", (truncate, kept) => {
    const { vocabulary, read } = numbers();
    const result = openTokens(vocabulary, 32).read(text, truncate);
    if (kept === undefined) expect(result.error?.reason).toBe("INPUT_TOO_LONG");
    else expect(result.ids).toEqual([1, ...kept, 2]);
    expect(read()).toBeLessThan(4000);
  });
});

describe("a text with hardly a token", () => {
  const blank = " ".repeat(5_000_000);

  it.each(["none", "end", "start"] as const)("is not read for ever with %s", (truncate) => {
    const { vocabulary, read } = numbers();
    const result = openTokens(vocabulary, 32).read(blank, truncate);
    expect(read()).toBeLessThan(32 * 256 * 2);
    if (truncate === "none") expect(result.error?.reason).toBe("INPUT_TOO_LONG");
    else expect(result).toEqual({ ids: [1, 2], truncated: true });
  });
});

describe("a tokenizer", () => {
  it("that puts its special tokens elsewhere is refused", () => {
    const vocabulary: Vocabulary = {
      encode: (_, options) => ({ ids: options ? [5, 6] : [5, 1, 6] }),
    };
    expect(() => openTokens(vocabulary, 10)).toThrow("special tokens");
  });

  it("whose limit leaves no room for text is refused", () => {
    expect(() => openTokens(numbers().vocabulary, 2)).toThrow("limit of 2");
  });
});
