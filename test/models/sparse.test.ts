/** SPLADE models, against what sentence-transformers' SparseEncoder computes with the same folders. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { encodeItem } from "../../src/workers/items.ts";
import type { EncodedItem } from "../../src/workers/messages.ts";
import { itemsOf, loadFolder, makeFolder, removeFolders } from "../fixtures/encoder-folders.ts";
import { embedJob, plainVectors } from "../fixtures/jobs.ts";

interface Case {
  readonly name: string;
  readonly files: Readonly<Record<string, unknown>>;
  readonly options: Readonly<Record<string, unknown>>;
  readonly calls: readonly {
    readonly prompt: string;
    readonly most: number | null;
    readonly vectors: readonly (readonly number[])[];
  }[];
}

const from = join(import.meta.dirname, "../fixtures/sparse");

// Written by sentence-transformers; test/fixtures/sparse/recipe.py says how.
const { texts, cases } = JSON.parse(readFileSync(join(from, "cases.json"), "utf8")) as {
  readonly texts: readonly string[];
  readonly cases: readonly Case[];
};

afterAll(removeFolders);

function loadCase({ files, options }: Pick<Case, "files" | "options">) {
  const parts = { from, base: "bert", graph: "bert/model.onnx", files: contentsOf(files) };
  return loadFolder(makeFolder(parts), { options });
}

/** A case has all its files beyond the model's own. */
function contentsOf(files: Case["files"]) {
  const contents = Object.entries(files).map(([name, json]) => [name, { json }] as const);
  return { ...noneOf(cases[0]!.files), ...Object.fromEntries(contents) };
}

const noneOf = (files: Case["files"]) =>
  Object.fromEntries(Object.keys(files).map((name) => [name, undefined]));

const promptNames: Readonly<Record<string, object>> = { default: {}, none: { promptName: "" } };

/** With a number for every dimension. */
function dense({ value }: EncodedItem, dimensions: number): Float32Array {
  if (value?.kind !== "sparse") throw new Error("not sparse");
  const vector = new Float32Array(dimensions);
  for (const [at, index] of value.indices.entries()) vector[index] = value.values[at]!;
  return vector;
}

describe("sparse vectors equal those of sentence-transformers", () => {
  it.each(cases)("$name", async ({ calls, ...each }) => {
    const engine = await loadCase(each);
    const info = engine.info.tasks.embed;
    expect(info).toMatchObject({ sparse: true, dimensions: calls[0]?.vectors[0]?.length });
    for (const { prompt, most, vectors } of calls) {
      const maxActiveDims = most ?? info?.maxActiveDims;
      const job = embedJob(texts, {
        truncate: "end",
        ...(promptNames[prompt] ?? { promptName: prompt }),
        output: { ...plainVectors, ...(maxActiveDims !== undefined && { maxActiveDims }) },
      });
      const items = (await itemsOf(engine, job)).map((item) => encodeItem(item, job));
      expect(items).toHaveLength(texts.length);
      for (const [place, expected] of vectors.entries()) {
        const given = dense(items[place]!, expected.length);
        const off = Math.max(...expected.map((number, index) => Math.abs(number - given[index]!)));
        expect(off, `${prompt}, at most ${most}: ${texts[place]}`).toBeLessThan(1e-4);
      }
    }
  });
});

describe("a SPLADE folder is refused", () => {
  const [max] = cases;
  const splade = (config: unknown) => ({
    files: { ...max!.files, "1_SpladePooling/config.json": config },
    options: {},
  });

  it.each([
    [
      "with an unknown strategy",
      splade({ pooling_strategy: "mean" }),
      "1_SpladePooling/config.json: inferd does not know the pooling_strategy mean",
    ],
    [
      "with an unknown function",
      splade({ activation_function: "gelu" }),
      "1_SpladePooling/config.json: inferd does not know the activation_function gelu",
    ],
    ["with an unknown key", splade({ top_k: 3 }), "does not know the key top_k"],
    [
      "with another pooling in its manifest",
      { ...max!, options: { pooling: "mean" } },
      "options.pooling: modules.json says that the model's vectors are sparse",
    ],
    [
      "with layers after its pooling",
      {
        files: {
          ...max!.files,
          "modules.json": [
            ...(max!.files["modules.json"] as readonly object[]),
            { idx: 2, path: "2", type: "sentence_transformers.models.Normalize" },
          ],
        },
        options: {},
      },
      "modules.json has its modules in an order that inferd does not compute: mlm splade normalize",
    ],
    [
      "where its files are of another kind of model",
      {
        files: {
          ...max!.files,
          "config_sentence_transformers.json": { model_type: "SentenceTransformer" },
        },
        options: {},
      },
      "model_type is SentenceTransformer, and inferd serves SparseEncoder",
    ],
  ])("%s", async (_, each, message) => {
    await expect(loadCase(each)).rejects.toThrow(message);
  });

  it("where its graph gives no scores of tokens", async () => {
    const folder = makeFolder({ base: "bert", files: contentsOf(max!.files) });
    const message = "the graph gives last_hidden_state, and that of a SPLADE model logits";
    await expect(loadFolder(folder)).rejects.toThrow(message);
  });
});
