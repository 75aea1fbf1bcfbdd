import { describe, expect, it } from "vitest";
import type { Truncation } from "../../../src/engines/engine.ts";
import { openTokens } from "../../../src/engines/onnx/tokens.ts";
import type { Vocabulary } from "../../../src/engines/onnx/vocabulary.ts";

/** A token a word, whose id is the number that the word is; 1 before a text and 2 after it. */
function numbers() {
  let characters = 0;
  const parts: string[] = [];
  const vocabulary: Vocabulary = {
    encodeBatch(texts) {
      if (texts.some((text) => text.includes("?"))) return Promise.reject(new Error("no token"));
      return Promise.resolve(
        texts.map((text) => {
          characters += text.length;
          parts.push(text);
          const words = text.split(/\s+/).filter(Boolean);
          const ids = [1, ...words.map((word) => parseInt(word, 36)), 2];
          return {
            getIds: () => ids,
            getSpecialTokensMask: () => [1, ...words.map(() => 0), 1],
          };
        }),
      );
    },
  };
  return { vocabulary, read: () => characters, parts };
}

async function readOne(vocabulary: Vocabulary, limit: number, text: string, truncate: Truncation) {
  const [read] = await (await openTokens(vocabulary, limit)).read([{ text, truncate }]);
  return read!;
}

const count = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => (from + i).toString(36)).join(" ");

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

describe("a text", () => {
  const { vocabulary } = numbers();

  it.each(["none", "end", "start"] as const)(
    "that fits is read whole with %s",
    async (truncate) => {
      const read = await readOne(vocabulary, 10, count(100, 108), truncate);
      expect(read).toEqual({ ids: [1, ...range(100, 108), 2], truncated: false });
    },
  );

  it("that is empty has the special tokens", async () => {
    const read = await readOne(vocabulary, 10, "", "none");
    expect(read).toEqual({ ids: [1, 2], truncated: false });
  });

  it.each([
    ["end", range(100, 108)],
    ["start", range(142, 150)],
  ] as const)(
    "that is too long keeps its special tokens when cut at the %s",
    async (truncate, kept) => {
      const read = await readOne(vocabulary, 10, count(100, 150), truncate);
      expect(read).toEqual({ ids: [1, ...kept, 2], truncated: true });
    },
  );

  it("that is too long fails with how long it is", async () => {
    const { ids, error } = await readOne(vocabulary, 10, count(100, 109), "none");
    expect(ids).toEqual([]);
    expect(error).toMatchObject({
      reason: "INPUT_TOO_LONG",
      facts: { tokens: "11", limit: "10" },
    });
  });

  it("that the library cannot read fails alone", async () => {
    const tokens = await openTokens(vocabulary, 10);
    const read = await tokens.read(
      ["1 2", "?", "3", "? ?"].map((text) => ({ text, truncate: "none" })),
    );
    expect(read.map(({ ids }) => ids)).toEqual([[1, 1, 2, 2], [], [1, 3, 2], []]);
    expect(read.map(({ error }) => error?.reason)).toEqual([
      undefined,
      "INPUT_UNREADABLE",
      undefined,
      "INPUT_UNREADABLE",
    ]);
  });

  it("of no tokens, where the model puts none around it, fails", async () => {
    const none = { getIds: () => [], getSpecialTokensMask: () => [] };
    const silent: Vocabulary = { encodeBatch: (texts) => Promise.resolve(texts.map(() => none)) };
    expect((await readOne(silent, 10, "", "none")).error?.reason).toBe("INPUT_UNREADABLE");
  });
});

describe("a text of a million words", () => {
  const text = count(100_000, 600_000);

  it.each<[Truncation, readonly number[] | undefined]>([
    ["end", range(100_000, 100_030)],
    ["start", range(599_970, 600_000)],
    ["none", undefined],
  ])("is read no further than it needs to be with %s", async (truncate, kept) => {
    const { vocabulary, read } = numbers();
    const result = await readOne(vocabulary, 32, text, truncate);
    if (kept === undefined) expect(result.error?.reason).toBe("INPUT_TOO_LONG");
    else expect(result).toEqual({ ids: [1, ...kept, 2], truncated: true });
    expect(read()).toBeLessThan(4000);
  });
});

describe("a text with hardly a token", () => {
  const blank = " ".repeat(5_000_000);

  // Other tokens may follow where nobody looked: an error is better than a wrong vector.
  it.each(["none", "end", "start"] as const)("is not read for ever with %s", async (truncate) => {
    const { vocabulary, read } = numbers();
    const { error } = await readOne(vocabulary, 32, blank, truncate);
    expect(read()).toBeLessThan(200_000);
    expect(error).toMatchObject({ reason: "INPUT_TOO_LONG" });
  });

  it("is read whole where that is not much", async () => {
    const { vocabulary } = numbers();
    const read = await readOne(vocabulary, 32, `${" ".repeat(60_000)}7`, "end");
    expect(read).toEqual({ ids: [1, 7, 2], truncated: false });
  });
});

describe("a long text without gaps", () => {
  it.each(["end", "start"] as const)("is cut between characters at the %s", async (truncate) => {
    for (const first of ["", "a"]) {
      const { vocabulary, parts } = numbers();
      await readOne(vocabulary, 32, first + "𠀀".repeat(5000), truncate);
      expect(parts.every((part) => part.isWellFormed())).toBe(true);
    }
  });
});

describe("a tokenizer", () => {
  it("whose limit leaves no room for text is refused", async () => {
    await expect(openTokens(numbers().vocabulary, 2)).rejects.toThrow("limit of 2");
  });
});
