/** Ranking by models that embed, in ONNX and in GGUF: the cosines of the vectors that they give. */
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Engine, Item, JobEvent } from "../../src/engines/engine.ts";
import {
  cosine,
  embed,
  itemsOf,
  loadFolder,
  makeFolder,
  removeFolders,
  scorers,
} from "../fixtures/encoder-folders.ts";
import { context, embedJob, rerankJob, vectorsIn } from "../fixtures/jobs.ts";
import { openEngine } from "./llama-engine.ts";

afterAll(removeFolders);

const options = { rerank: "cosine" };
const prompts = { query: "a: ", document: "b b: ", passage: "c: " };

function openOnnx(changes: object = {}): Promise<Engine> {
  const json = { prompts, default_prompt_name: "passage" };
  const files = {
    "config_sentence_transformers.json": { json },
    "1_Pooling/config.json": { json: { pooling_mode_mean_tokens: true } },
  };
  return loadFolder(makeFolder({ base: "bert", files }), { options, ...changes });
}

const openGguf =
  (name: string) =>
  (changes: object = {}) => {
    const files = { model: join("test/fixtures/embedders", `${name}.gguf`) };
    return openEngine({ files, options, ...changes });
  };

const query = "a cat";
const documents = ["the cat", "b a d c", "", "x x x", "a cat"];

const scoreOf = ({ value }: Item): number => (value?.kind === "score" ? value.score : NaN);

describe.each([
  ["an ONNX model", openOnnx, { query: "query", document: "document" }],
  ["a GGUF model", openGguf("bert-mean"), {}],
  ["a quantised GGUF model", openGguf("bert-q8_0-mean"), {}],
] as const)("%s", (_, open, names: { readonly query?: string; readonly document?: string }) => {
  it("scores documents by the vectors that it gives of them and of the query", async () => {
    const engine = await open();
    expect(Object.keys(engine.info.tasks)).toEqual(["embed", "rerank"]);
    const ofQuery = names.query === undefined ? {} : { promptName: names.query };
    const ofDocument = names.document === undefined ? {} : { promptName: names.document };
    const [asked] = await embed(engine, [query], ofQuery);
    const read = await embed(engine, documents, ofDocument);
    for (const rawScores of [false, true]) {
      const items = await itemsOf(engine, rerankJob(query, documents, { rawScores }));
      expect(items.map(({ tokenCount }) => tokenCount)).toEqual(
        read.map(({ tokenCount }) => tokenCount + asked!.tokenCount),
      );
      for (const [place, item] of items.entries()) {
        expect(scoreOf(item)).toBeCloseTo(cosine(asked!.values, read[place]!.values), 5);
      }
    }
    await engine.close();
  });

  it("does so next to jobs of others, and counts the query's tokens once", async () => {
    const engine = await open();
    engine.add(7, rerankJob(query, documents), context);
    engine.add(8, embedJob([query], { promptName: "" }), context);
    engine.add(9, rerankJob("b", [query]), context);
    engine.add(10, rerankJob("x", [query]), context);
    engine.cancel(10);
    const events = new Map<number, JobEvent[]>();
    while (engine.busy) {
      for (const { id, event } of await engine.step()) {
        events.set(id, [...(events.get(id) ?? []), event]);
      }
    }
    expect([...events.keys()].toSorted((a, b) => a - b)).toEqual([7, 8, 9]);
    for (const [id, count] of [
      [7, documents.length],
      [8, 1],
      [9, 1],
    ] as const) {
      const kinds = events.get(id)!.map(({ kind }) => kind);
      expect(kinds).toEqual(["started", ...Array<string>(count).fill("item"), "finish"]);
    }
    expect(vectorsIn(events.get(8)!)).toHaveLength(1);
    const items = events.get(7)!.flatMap((event) => (event.kind === "item" ? [event] : []));
    const ofPairs = items.reduce((sum, { tokenCount }) => sum + tokenCount, 0);
    const [asked] = await embed(engine, [query], { promptName: names.query ?? "" });
    const again = (documents.length - 1) * asked!.tokenCount;
    const last = events.get(7)!.at(-1);
    expect(last).toMatchObject({ usage: { promptTokens: ofPairs - again } });
    await engine.close();
  });

  it("tells each document of a query that is too long", async () => {
    const engine = await open();
    const long = "a b c d e f ".repeat(20);
    const items = await itemsOf(engine, rerankJob(long, ["a", "b"]));
    expect(items.map(({ error }) => error?.reason)).toEqual(["INPUT_TOO_LONG", "INPUT_TOO_LONG"]);
    const [failed, other] = await itemsOf(engine, rerankJob("a", [long, "b"]));
    expect([failed!.error?.reason, other!.error]).toEqual(["INPUT_TOO_LONG", undefined]);
    const [cut] = await itemsOf(engine, rerankJob(long, ["a"], { truncate: "end" }));
    expect(cut).toMatchObject({ truncated: true, value: { kind: "score" } });
    await engine.close();
  });
});

describe("the option is refused", () => {
  it("where it names no way to rank", async () => {
    await expect(openOnnx({ options: { rerank: "dot" } })).rejects.toThrow(/must be cosine/);
  });

  it("for a model that gives scores", async () => {
    const files = { model: "test/fixtures/gguf-scorers/roberta-1.gguf" };
    await expect(openEngine({ files, options })).rejects.toThrow(/gives no dense vector/);
    const folder = makeFolder({ from: scorers, base: "bert-1", graph: "bert-1/model.onnx" });
    await expect(loadFolder(folder, { options })).rejects.toThrow(/gives scores/);
  });

  it("for a model that generates", async () => {
    await expect(openEngine({ options })).rejects.toThrow(/"rerank" is for models that embed/);
  });
});
