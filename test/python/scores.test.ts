/** Functions that rank and classify, on a real interpreter behind a real server. */
import { Client, credentials } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { callMethod, type Fields } from "../grpc/proto-client.ts";
import { detailsOf } from "../grpc/support.ts";
import { describePython } from "./interpreter.ts";
import { openSite, type Serving } from "./site.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

describePython("a Python function that scores", () => {
  const site = openSite();
  let serving: Serving;
  let client: Client;

  beforeAll(async () => {
    serving = await site.serve(["scores.py", "vectors.py"]);
    client = new Client(serving.server.address, credentials.createInsecure());
  });

  afterAll(() => client.close());

  const call = (service: string, method: string, request: Fields) =>
    callMethod(client, { service, method, request });
  const rerank = (documents: readonly string[], more: Fields = {}) =>
    call("RerankService", "Rerank", { query: "four", documents, ...more });
  const classify = (inputs: readonly Fields[], more: Fields = {}) =>
    call("ClassificationService", "Classify", { inputs, ...more });

  it("tells its tasks and its labels", async () => {
    const { messages } = await call("ModelService", "GetModel", { name: "scores" });
    expect(messages[0]?.["model"]).toMatchObject({
      tasks: ["MODEL_TASK_RERANK", "MODEL_TASK_CLASSIFY"],
      labels: ["first", "second", "third"],
      multi_label: true,
    });
  });

  it("ranks", async () => {
    const { messages } = await rerank(["a", "abc", "ab"], { top_n: 2, return_documents: true });
    expect(messages[0]?.["rankings"]).toMatchObject([
      { index: 1, score: 3.5, document: "abc" },
      { index: 2, score: 2.5, document: "ab" },
    ]);
    expect(messages[0]?.["rankings"]).toHaveLength(2);
  });

  it("ranks more documents than a batch has, of several callers", async () => {
    const documents = Array.from({ length: 50 }, (_, n) => "x".repeat(n + 1));
    const answers = await Promise.all([rerank(documents), rerank(documents)]);
    for (const { messages } of answers) {
      const rankings = messages[0]?.["rankings"] as { readonly index: number }[];
      expect(rankings.map(({ index }) => index)).toEqual([...documents.keys()].reverse());
    }
  });

  it("fails a document alone", async () => {
    const { messages } = await rerank(["nan", "a", "refused"], { allow_item_errors: true });
    expect(messages[0]?.["rankings"]).toMatchObject([
      { index: 1, score: 1.5 },
      { index: 0, error: { reason: "INTERNAL" } },
      { index: 2, error: { reason: "FIELD_INVALID", message: "documents: must have a meaning" } },
    ]);
  });

  it("fails the call where it raises, without its text, and serves on", async () => {
    const { error } = await rerank(["fail"]);
    expect(error?.details).not.toContain("inner");
    await vi.waitFor(() => expect(serving.logged()).toMatch(/rerank failed: .*the inner cause/s));
    expect((await rerank(["a"])).messages).toHaveLength(1);
  });

  it("classifies texts and pairs", async () => {
    const { messages } = await classify([{ text: "ab" }, { text: "a", pair: "abc" }]);
    expect(messages[0]?.["classifications"]).toMatchObject([
      {
        labels: [
          { name: "first", score: 2 },
          { name: "third", score: 0.5 },
          { name: "second", score: 0 },
        ],
      },
      { labels: [{ name: "second", score: 3 }, { name: "first" }, { name: "third" }] },
    ]);
  });

  it("fails an input whose labels it did not give", async () => {
    const { messages } = await classify([{ text: "short" }], { allow_item_errors: true });
    expect(messages[0]?.["classifications"]).toMatchObject([{ error: { reason: "INTERNAL" } }]);
    await vi.waitFor(() =>
      expect(serving.logged()).toContain("classify returned a list of 1 numbers, not 3"),
    );
  });

  it("has one kind of score", async () => {
    for (const { error } of [
      await rerank(["a"], { raw_scores: true }),
      await classify([{ text: "a" }], { raw_scores: true }),
    ]) {
      expect(detailsOf(error)).toMatchObject({
        reason: "FIELD_INVALID",
        violations: [{ field: "raw_scores" }],
      });
    }
  });

  it("is not asked of a model that embeds", async () => {
    const { error } = await rerank(["a"], { model: "vectors" });
    expect(detailsOf(error)).toMatchObject({ reason: "WRONG_TASK" });
  });
});
