/** Models in the layout of sentence-transformers, against what that library computes with the same folders. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { encodeVector } from "../../src/workers/vectors.ts";
import {
  cosine,
  embed,
  encoders,
  loadFolder,
  makeFolder,
  removeFolders,
} from "../fixtures/encoder-folders.ts";
import type { FileContent } from "../fixtures/encoder-folders.ts";

interface Case {
  readonly name: string;
  readonly base: "bert" | "roberta";
  readonly files: Readonly<Record<string, FileContent>>;
  readonly texts: readonly string[];
  readonly calls: readonly {
    readonly prompt: string;
    readonly vectors: readonly (readonly number[])[];
  }[];
}

// Written by sentence-transformers; test/fixtures/encoders/recipe.py says how.
const cases = JSON.parse(readFileSync(join(encoders, "cases.json"), "utf8")) as readonly Case[];

/** Of token ids, each text alone. */
interface IdsCase {
  readonly name: string;
  readonly ids: readonly (readonly number[])[];
  readonly vectors: readonly (readonly number[])[];
}

const idsCases = JSON.parse(
  readFileSync(join(encoders, "token-ids.json"), "utf8"),
) as readonly IdsCase[];

afterAll(removeFolders);

describe("vectors equal those of sentence-transformers", () => {
  it.each(cases)("$name", async ({ base, files, texts, calls }) => {
    const engine = await loadFolder(makeFolder({ base, files }));
    const format = {
      normalize: engine.info.tasks.embed?.normalize ?? true,
      dimensions: undefined,
      encoding: "float32",
    } as const;
    for (const { prompt, vectors } of calls) {
      const promptName = { default: undefined, none: "" }[prompt] ?? prompt;
      // sentence-transformers cuts long texts without saying so.
      const items = await embed(engine, texts, {
        truncate: "end",
        ...(prompt !== "default" && { promptName }),
      });
      for (const [place, expected] of vectors.entries()) {
        const { value } = encodeVector(items[place]!.values, format);
        if (value?.kind !== "float32") throw new Error("not float32");
        const { values } = value;
        expect(values).toHaveLength(expected.length);
        expect(cosine(values, expected), `${prompt}, ${texts[place]}`).toBeGreaterThan(0.99999);
        // Their length too, where the model does not scale.
        const off = expected.map((value, i) => Math.abs(value - values[i]!));
        expect(Math.max(...off)).toBeLessThan(1e-4);
      }
    }
    await engine.close();
  });
});

describe("vectors of token ids equal those of sentence-transformers", () => {
  it.each(idsCases)("$name", async ({ name, ids, vectors }) => {
    const { base, files } = cases.find((each) => each.name === name)!;
    const engine = await loadFolder(makeFolder({ base, files }));
    const texts = ids.map((each) => Uint32Array.from(each));
    const items = await embed(engine, texts, { promptName: "" });
    for (const [place, { values, tokenCount, truncated }] of items.entries()) {
      const off = vectors[place]!.map((value, i) => Math.abs(value - values[i]!));
      expect(Math.max(...off), `text ${place}`).toBeLessThan(1e-4);
      expect({ tokenCount, truncated }).toEqual({
        tokenCount: ids[place]!.length,
        truncated: false,
      });
    }
    expect(items).toHaveLength(vectors.length);
    await engine.close();
  });
});
