/** Reranking and classification, over jobs that give what a test says. */
import { afterEach, describe, expect, it } from "vitest";
import type { Submission } from "../../src/jobs/submission.ts";
import type { ModelStatus } from "../../src/models/model.ts";
import type { EncodedItem } from "../../src/workers/messages.ts";
import { failedText, fakeModels, generationModel, result, story } from "./fake-models.ts";
import { serve, type Served } from "./proto-client.ts";
import { detailsOf } from "./support.ts";

let closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
});

const labels = ["no", "yes", "maybe"];
const statuses: readonly ModelStatus[] = [
  generationModel(),
  generationModel({
    manifest: { name: "ranker", task: "rerank", engine: "onnx" },
    info: { tasks: { rerank: {} } },
  }),
  generationModel({
    manifest: { name: "classes", task: "classify", engine: "onnx" },
    info: { tasks: { classify: { labels, multiLabel: true } } },
  }),
];

/** A server whose jobs give these items. */
async function open(items: readonly EncodedItem[], asked: Submission[] = []): Promise<Served> {
  const events = [
    { kind: "started" },
    { kind: "items", items },
    { kind: "finish", ...result },
  ] as const;
  const served = await serve(fakeModels(statuses, story(events, asked)));
  closing.push(served.stop);
  return served;
}

const score = (index: number, value: number): EncodedItem => ({
  index,
  value: { kind: "score", score: value },
  tokenCount: 3,
  truncated: index === 0,
});
const classes = (index: number, ...scores: readonly number[]): EncodedItem => ({
  index,
  value: { kind: "labels", scores: Float32Array.from(scores) },
  tokenCount: 3,
  truncated: false,
});
const tooLong = { reason: "INPUT_TOO_LONG", message: "it is too long" } as const;

describe("reranking", () => {
  const documents = ["a", "b", "c", "d"];
  // Out of order, as batches end.
  const items = [score(2, 0.75), score(0, 0.25), score(3, 0.25), score(1, 0.5)];

  it("gives the best first, and equals in the order of the request", async () => {
    const asked: Submission[] = [];
    const { call } = await open(items, asked);
    const { messages } = await call("RerankService", "Rerank", {
      ...{ query: "q", documents, raw_scores: true, truncation: "TRUNCATION_END" },
    });
    expect(messages[0]?.["rankings"]).toMatchObject([
      { index: 2, score: 0.75, document: "", token_count: 3, truncated: false, error: null },
      { index: 1, score: 0.5 },
      { index: 0, score: 0.25, truncated: true },
      { index: 3, score: 0.25 },
    ]);
    expect(messages[0]?.["finish"]).toMatchObject({ model: { name: "ranker" } });
    const job = { kind: "items", task: "rerank", query: "q", items: documents };
    expect(asked[0]?.job).toEqual({ ...job, truncate: "end", rawScores: true });
  });

  it("gives as many as are asked for, with their texts", async () => {
    const { call } = await open(items);
    const request = { documents, top_n: 2, return_documents: true };
    const { messages } = await call("RerankService", "Rerank", request);
    expect(messages[0]?.["rankings"]).toMatchObject([
      { index: 2, document: "c" },
      { index: 1, document: "b" },
    ]);
  });

  it("fails where a document does, and names it", async () => {
    const { call } = await open([score(0, 1), failedText(1, tooLong), score(2, 1), score(3, 1)]);
    const { error } = await call("RerankService", "Rerank", { documents });
    expect(detailsOf(error)).toMatchObject({
      reason: "INPUT_TOO_LONG",
      violations: [{ field: "documents[1]", reason: "TOO_LONG" }],
    });
  });

  it("puts documents with errors last, where the call says so", async () => {
    const { call } = await open([failedText(0, tooLong), score(1, -1), score(2, 1), score(3, 0)]);
    const request = { documents, allow_item_errors: true, top_n: 1 };
    const { messages } = await call("RerankService", "Rerank", request);
    expect(messages[0]?.["rankings"]).toMatchObject([
      { index: 2, score: 1, error: null },
      { index: 0, score: 0, error: tooLong },
    ]);
  });

  it("refuses documents that would not fit into the answer, before it is computed", async () => {
    const asked: Submission[] = [];
    const { call } = await open([], asked);
    const large = ["x".repeat(3_000_000), "y".repeat(3_000_000)];
    const request = { documents: large, return_documents: true };
    const { error } = await call("RerankService", "Rerank", request);
    expect(detailsOf(error)).toMatchObject({
      reason: "RESPONSE_TOO_LARGE",
      violations: [{ field: "documents", reason: "TOO_MANY" }],
    });
    expect(asked).toEqual([]);
  });

  it.each([
    ["no document", { query: "q" }, "documents"],
    ["none of the best", { documents, top_n: 0 }, "top_n"],
    ["too long a name", { documents, model: "m".repeat(129) }, "model"],
  ])("refuses %s", async (_, request, field) => {
    const { call } = await open(items);
    const { error } = await call("RerankService", "Rerank", request);
    expect(detailsOf(error)?.violations).toMatchObject([{ field }]);
  });

  it("does not take an answer that lacks a document for whole", async () => {
    const { call } = await open(items.slice(1));
    const { error } = await call("RerankService", "Rerank", { documents });
    expect(detailsOf(error)?.reason).toBe("INTERNAL");
  });
});

describe("classification", () => {
  const inputs = [{ text: "a", pair: "b" }, { text: "c" }];
  const items = [classes(1, 0.5, 0.25, 0.5), classes(0, 0.25, 1, 0.5)];

  it("gives the likeliest labels first, by their names", async () => {
    const asked: Submission[] = [];
    const { call } = await open(items, asked);
    const { messages } = await call("ClassificationService", "Classify", { inputs });
    expect(messages[0]?.["classifications"]).toMatchObject([
      {
        index: 0,
        labels: [
          { name: "yes", index: 1, score: 1 },
          { name: "maybe", index: 2, score: 0.5 },
          { name: "no", index: 0, score: 0.25 },
        ],
        token_count: 3,
        error: null,
      },
      { index: 1, labels: [{ name: "no" }, { name: "maybe" }, { name: "yes" }] },
    ]);
    expect(messages[0]?.["finish"]).toMatchObject({ model: { name: "classes" } });
    expect(asked[0]?.job).toEqual({
      ...{ kind: "items", task: "classify", items: ["a", "c"], pairs: ["b", undefined] },
      ...{ truncate: "none", rawScores: false },
    });
  });

  it("gives as many as are asked for", async () => {
    const { call } = await open(items);
    const { messages } = await call("ClassificationService", "Classify", { inputs, top_n: 1 });
    expect(messages[0]?.["classifications"]).toMatchObject([
      { labels: [{ name: "yes" }] },
      { labels: [{ name: "no" }] },
    ]);
  });

  it("fails an input alone where the call says so, and all of them otherwise", async () => {
    const { call } = await open([failedText(0, tooLong), classes(1, 1, 0, 0)]);
    const request = { inputs, allow_item_errors: true };
    const { messages } = await call("ClassificationService", "Classify", request);
    expect(messages[0]?.["classifications"]).toMatchObject([
      { index: 0, labels: [], error: tooLong },
      { index: 1, labels: [{ name: "no" }, { name: "yes" }, { name: "maybe" }] },
    ]);
    const { error } = await call("ClassificationService", "Classify", { inputs });
    expect(detailsOf(error)?.violations).toMatchObject([{ field: "inputs[0]" }]);
  });

  it("shows its labels in ListModels", async () => {
    const { call } = await open([]);
    const { messages } = await call("ModelService", "GetModel", { name: "classes" });
    expect(messages[0]?.["model"]).toMatchObject({
      ...{ tasks: ["MODEL_TASK_CLASSIFY"], labels, multi_label: true },
    });
  });
});
