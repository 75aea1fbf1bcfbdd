/** Vectors of tokens, against those that sentence-transformers gives for `output_value="token_embeddings"`. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { encodeItem } from "../../src/workers/items.ts";
import {
  encoders,
  itemsOf,
  loadFolder,
  makeFolder,
  removeFolders,
} from "../fixtures/encoder-folders.ts";
import type { FileContent } from "../fixtures/encoder-folders.ts";
import { embedJob } from "../fixtures/jobs.ts";

interface Case {
  readonly name: string;
  readonly base: string;
  readonly files: Readonly<Record<string, FileContent>>;
  readonly texts: readonly string[];
  /** By text, by token. */
  readonly tokens: readonly (readonly (readonly number[])[])[];
}

// Written by sentence-transformers; test/fixtures/encoders/recipe.py says how.
const cases = JSON.parse(
  readFileSync(join(encoders, "token-vectors.json"), "utf8"),
) as readonly Case[];

afterAll(removeFolders);

describe("token vectors equal those of sentence-transformers", () => {
  it.each(cases)("$name", async ({ base, files, texts, tokens }) => {
    const engine = await loadFolder(makeFolder({ base, files }));
    const dimensions = tokens[0]?.[0]?.length;
    expect(engine.info.tasks.embed?.tokenDimensions).toBe(dimensions);
    const job = embedJob(texts, { truncate: "end", tokenVectors: true });
    const items = (await itemsOf(engine, job)).map((item) => encodeItem(item, job));
    for (const [place, { value, tokenCount }] of items.entries()) {
      if (value?.kind !== "tokens" || value.vectors.kind !== "float32")
        throw new Error("no tokens");
      const expected = tokens[place] ?? [];
      expect([value.dimensions, tokenCount]).toEqual([dimensions, expected.length]);
      const { values } = value.vectors;
      expect(values).toHaveLength(expected.flat().length);
      const off = expected.flat().map((number, at) => Math.abs(number - values[at]!));
      expect(Math.max(...off), texts[place]).toBeLessThan(1e-4);
    }
  });
});

it("are those of texts in one batch with texts that want one vector", async () => {
  const { base, files, texts } = cases[0]!;
  const engine = await loadFolder(makeFolder({ base, files }));
  const wanted = embedJob(texts, { truncate: "end", tokenVectors: true });
  const alone = await itemsOf(engine, wanted);
  const context = { deadlineMs: Infinity, priority: "interactive", requestId: "r" } as const;
  engine.add(2, embedJob(texts, { truncate: "end" }), context);
  const together = await itemsOf(engine, wanted);
  const ofJob = together.filter(({ value }) => value?.kind === "tokens");
  expect(ofJob).toHaveLength(alone.length);
  for (const [place, { value }] of ofJob.entries()) {
    const other = alone[place]?.value;
    if (value?.kind !== "tokens" || other?.kind !== "tokens") throw new Error("no tokens");
    const off = value.values.map((number, at) => Math.abs(number - other.values[at]!));
    expect(Math.max(...off)).toBeLessThan(1e-4);
  }
});

it("are refused of a graph that pools", async () => {
  const { files } = cases[0]!;
  const engine = await loadFolder(makeFolder({ base: "bert", graph: "bert-pooled.onnx", files }));
  expect(engine.info.tasks.embed?.tokenDimensions).toBeUndefined();
  const job = embedJob(["a"], { tokenVectors: true });
  await expect(itemsOf(engine, job)).rejects.toThrow("gives no vectors of tokens");
});
