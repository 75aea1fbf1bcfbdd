/** Cross-encoders and classifiers, against what sentence-transformers and transformers compute with the same folders. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Engine, Item } from "../../src/engines/engine.ts";
import {
  itemsOf,
  loadFolder,
  makeFolder,
  removeFolders,
  scorers,
} from "../fixtures/encoder-folders.ts";
import { classifyJob, rerankJob } from "../fixtures/jobs.ts";

interface Case {
  readonly name: string;
  readonly base: string;
  readonly files: Readonly<Record<string, unknown>>;
}

interface Ranking extends Case {
  readonly documents: readonly string[];
  readonly calls: readonly {
    readonly query: string;
    readonly scores: readonly number[];
    readonly raw: readonly number[];
    readonly order: readonly number[];
  }[];
}

interface Scored {
  readonly label: string;
  readonly score: number;
}

interface Classifying extends Case {
  readonly inputs: readonly { readonly text: string; readonly text_pair?: string }[];
  readonly labels: readonly (readonly Scored[])[];
  readonly raw: readonly (readonly Scored[])[];
}

// Written by both libraries; test/fixtures/scorers/recipe.py says how.
const cases = JSON.parse(readFileSync(join(scorers, "cases.json"), "utf8")) as {
  readonly ranking: readonly Ranking[];
  readonly classifying: readonly Classifying[];
};

afterAll(removeFolders);

const loadCase = ({ base, files }: Case): Promise<Engine> => {
  const contents = Object.entries(files).map(([name, json]) => [name, { json }] as const);
  return loadFolder(
    makeFolder({
      from: scorers,
      base,
      graph: `${base}/model.onnx`,
      files: Object.fromEntries(contents),
    }),
  );
};

/** The libraries cut long texts without saying so. */
const truncate = "end";

function scoreOf({ value }: Item): number {
  if (value?.kind !== "score") throw new Error("no score");
  return value.score;
}

describe("scores equal those of sentence-transformers' CrossEncoder", () => {
  it.each(cases.ranking)("$name", async ({ documents, calls, ...each }) => {
    const engine = await loadCase(each);
    for (const { query, scores, raw, order } of calls) {
      const given = (await itemsOf(engine, rerankJob(query, documents, { truncate }))).map(scoreOf);
      for (const [place, score] of scores.entries()) {
        expect(given[place], `${query}, ${documents[place]}`).toBeCloseTo(score, 4);
      }
      const ranked = [...documents.keys()].sort((a, b) => given[b]! - given[a]!);
      expect(ranked.map((place) => scores[place])).toEqual(order.map((place) => scores[place]));
      const job = rerankJob(query, documents, { truncate, rawScores: true });
      for (const [place, item] of (await itemsOf(engine, job)).entries()) {
        expect(scoreOf(item), `raw, ${query}, ${documents[place]}`).toBeCloseTo(raw[place]!, 4);
      }
    }
    await engine.close();
  });
});

describe("labels equal those of transformers' pipeline", () => {
  it.each(cases.classifying)("$name", async ({ inputs, labels, raw, ...each }) => {
    const engine = await loadCase(each);
    const names = engine.info.tasks.classify?.labels ?? [];
    for (const [expected, rawScores] of [
      [labels, false],
      [raw, true],
    ] as const) {
      const texts = inputs.map(({ text }) => text);
      const pairs = inputs.map(({ text_pair = "" }) => text_pair || undefined);
      const items = await itemsOf(engine, classifyJob(texts, { pairs, truncate, rawScores }));
      for (const [place, { value }] of items.entries()) {
        if (value?.kind !== "labels") throw new Error("no labels");
        expect(value.scores).toHaveLength(names.length);
        const wanted = new Map(expected[place]!.map(({ label, score }) => [label, score]));
        for (const [index, name] of names.entries()) {
          const of = JSON.stringify([inputs[place], name]);
          expect(value.scores[index], of).toBeCloseTo(wanted.get(name)!, 4);
        }
      }
    }
    await engine.close();
  });

  it("says whether labels exclude each other", async () => {
    const kinds = await Promise.all(
      cases.classifying.map(async (each) => {
        const engine = await loadCase(each);
        await engine.close();
        return [each.name, engine.info.tasks.classify?.multiLabel];
      }),
    );
    expect(Object.fromEntries(kinds)).toEqual({
      "single label": false,
      "single label, stated": false,
      "multi label": true,
      regression: false,
      "one label": true,
      "one label, regression": false,
      roberta: false,
    });
  });
});
