import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { openTokens } from "../../src/engines/onnx/tokens.ts";
import type { TokenizedText } from "../../src/engines/texts/unread.ts";
import { openVocabulary } from "../../src/engines/onnx/vocabulary.ts";
import { tokenizerStrings } from "../fixtures/tokenizer-strings.ts";

// Written by Python's own library; test/fixtures/tokenizers/recipe/record.py says how.
const fixtures = "test/fixtures/tokenizers";

interface Recorded {
  /** How many strings one digest is of. */
  readonly block: number;
  /** Digests of the strings themselves: eight digits for each block, as all that follow. */
  readonly strings: string;
  /** Digests of their ids, by tokenizer. */
  readonly kinds: Readonly<Record<string, string>>;
}

const recorded = JSON.parse(readFileSync(`${fixtures}/digests.json`, "utf8")) as Recorded;
const strings = tokenizerStrings();
const blockOf = <T>(all: readonly T[], index: number): readonly T[] =>
  all.slice(index * recorded.block, (index + 1) * recorded.block);

const digest = (bytes: Uint8Array | string): string =>
  createHash("sha256").update(bytes).digest("hex").slice(0, 8);

/** Blocks with other digests than were recorded: where to look for the difference. */
const differing = (expected: string, digestOf: (block: number) => string): readonly number[] =>
  (expected.match(/.{8}/g) ?? []).flatMap((hex, block) => (digestOf(block) === hex ? [] : block));

const digestOfIds = (texts: readonly TokenizedText[]): string =>
  digest(
    new Uint8Array(
      Int32Array.from(
        texts.flatMap(({ ids, error }) =>
          error?.reason === "INPUT_UNREADABLE" ? [-1] : [ids.length, ...ids],
        ),
      ).buffer,
    ),
  );

const pathOf = (kind: string): string =>
  kind === "all-minilm-l6-v2" ? `models/${kind}/tokenizer.json` : `${fixtures}/${kind}.json`;

describe("20,000 strings in twenty scripts", () => {
  it("are those that Python's library read", () => {
    expect(strings).toHaveLength(20_000);
    expect(
      differing(recorded.strings, (block) => digest(blockOf(strings, block).join(""))),
    ).toEqual([]);
  });

  it.each(Object.entries(recorded.kinds))("have its ids with %s", async (kind, digests) => {
    const { vocabulary } = openVocabulary(readFileSync(pathOf(kind), "utf8"));
    const tokens = await openTokens(vocabulary, 4096);
    const read = strings.slice(0, (digests.length / 8) * recorded.block);
    const texts = await tokens.read(read.map((text) => ({ text, truncate: "none" })));
    expect(differing(digests, (block) => digestOfIds(blockOf(texts, block)))).toEqual([]);
  });
});

describe("a text that is cut", () => {
  // Of one letter alone, the tokens depend on how many there are.
  const texts = ["a".repeat(5001), `${"a".repeat(4000)}${"the cat sat ".repeat(300)}`].concat(
    strings.slice(0, 400).join(""),
  );

  it.each(
    ["bpe-byte-level", "bpe-metaspace-byte-fallback", "unigram-own-map"].flatMap((kind) =>
      (["end", "start"] as const).map((truncate) => [kind, truncate] as const),
    ),
  )("has the tokens of the whole with %s at the %s", async (kind, truncate) => {
    const { vocabulary } = openVocabulary(readFileSync(pathOf(kind), "utf8"));
    const [whole, part] = [await openTokens(vocabulary, 1e6), await openTokens(vocabulary, 64)];
    const [around] = await vocabulary.encodeBatch(["a"]);
    const mask = around!.getSpecialTokensMask();
    const [before, after] = [mask.indexOf(0), mask.length - 1 - mask.lastIndexOf(0)];
    for (const text of texts) {
      const [all, cut] = [
        (await whole.read([{ text, truncate }]))[0]!.ids,
        (await part.read([{ text, truncate }]))[0]!.ids,
      ];
      const own = all.slice(before, all.length - after);
      const room = 64 - before - after;
      const kept = truncate === "end" ? own.slice(0, room) : own.slice(-room);
      expect(cut).toEqual([...all.slice(0, before), ...kept, ...all.slice(all.length - after)]);
    }
  });

  it("fails where its tokens depend on more than is read", async () => {
    const { vocabulary } = openVocabulary(readFileSync(pathOf("bpe-byte-level"), "utf8"));
    const tokens = await openTokens(vocabulary, 64);
    const [read] = await tokens.read([{ text: "a".repeat(70_001), truncate: "start" }]);
    expect(read?.error?.reason).toBe("INPUT_TOO_LONG");
  });
});
