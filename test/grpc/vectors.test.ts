/** Sparse vectors and those of tokens, over jobs that give what a test says. */
import { afterEach, describe, expect, it } from "vitest";
import type { EmbeddingInfo } from "../../src/engines/engine.ts";
import type { Submission } from "../../src/jobs/submission.ts";
import type { EncodedItem, EncodedValue } from "../../src/workers/messages.ts";
import { fakeModels, generationModel, limits, result, story } from "./fake-models.ts";
import { serve, type Served } from "./proto-client.ts";
import { detailsOf } from "./support.ts";

let closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
});

const sparseInfo: EmbeddingInfo = {
  dimensions: 100,
  pooling: "splade_max",
  normalize: false,
  sparse: true,
  maxActiveDims: 20,
};
const denseInfo: EmbeddingInfo = { dimensions: 8, pooling: "mean", tokenDimensions: 4 };

/** A server whose model says this of itself, and whose jobs give these values. */
async function open(
  embed: EmbeddingInfo,
  values: readonly EncodedValue[] = [],
  asked: Submission[] = [],
): Promise<Served> {
  const items = values.map((value, index): EncodedItem => ({
    index,
    value,
    tokenCount: 2,
    truncated: false,
  }));
  const events = [
    { kind: "started" },
    { kind: "items", items },
    { kind: "finish", ...result },
  ] as const;
  const status = generationModel({
    manifest: { name: "vectors", task: "embed", engine: "onnx" },
    info: { tasks: { embed } },
  });
  const served = await serve(fakeModels([status], story(events, asked)));
  closing.push(served.stop);
  return served;
}

const sparse = (count: number): EncodedValue => ({
  kind: "sparse",
  indices: Uint32Array.from({ length: count }, (_, index) => index + 1),
  values: new Float32Array(count).fill(0.5),
});
const tokens = (count: number): EncodedValue => ({
  kind: "tokens",
  dimensions: 4,
  vectors: { kind: "float32", values: new Float32Array(count * 4).fill(2) },
});

const inputs = ["a", "b"];

describe("sparse vectors", () => {
  it("have their dimensions and numbers, in one answer and in a stream", async () => {
    const asked: Submission[] = [];
    const { call } = await open(sparseInfo, [sparse(2), sparse(0)], asked);
    const embeddings = [
      { index: 0, sparse: { indices: [1, 2], values: [0.5, 0.5] }, token_count: 2 },
      { index: 1, sparse: { indices: [], values: [] } },
    ];
    const whole = await call("EmbeddingService", "Embed", { inputs });
    expect(whole.messages[0]?.["embeddings"]).toMatchObject(embeddings);
    const stream = await call("EmbeddingService", "EmbedStream", { inputs, max_active_dims: 7 });
    expect(stream.messages.slice(0, 2).map((message) => message["embedding"])).toMatchObject(
      embeddings,
    );
    const output = { normalize: false, dimensions: undefined, encoding: "float32" };
    expect(asked.map(({ job }) => job)).toMatchObject([
      { output: { ...output, maxActiveDims: 20 } },
      { output: { ...output, maxActiveDims: 7 } },
    ]);
  });

  it("are told of by the model", async () => {
    const { call } = await open(sparseInfo);
    const { messages } = await call("ModelService", "GetModel", { name: "vectors" });
    expect(messages[0]?.["model"]).toMatchObject({
      ...{ dimensions: 100, pooling: "splade_max", sparse: true, max_active_dims: 20 },
      token_dimensions: 0,
    });
  });

  it.each([
    [{ dimensions: 5 }, "dimensions", "use max_active_dims"],
    [{ encoding: "VECTOR_ENCODING_INT8" }, "encoding", "must be float32"],
    [{ token_vectors: true }, "token_vectors", "gives no vectors of tokens"],
    [{ max_active_dims: 0 }, "max_active_dims", "must be from 1 to"],
  ])("are refused with %j", async (fields, field, description) => {
    const { call } = await open(sparseInfo);
    const { error } = await call("EmbeddingService", "Embed", { inputs, ...fields });
    expect(detailsOf(error)).toMatchObject({
      violations: [{ field, description: expect.stringContaining(description) as string }],
    });
  });

  it("are too large for an answer once they are", async () => {
    const many = Math.ceil(limits.maxResponseBytes / 9 / 4);
    const { call } = await open(
      sparseInfo,
      Array.from({ length: 5 }, () => sparse(many)),
    );
    const five = ["a", "b", "c", "d", "e"];
    const { error } = await call("EmbeddingService", "Embed", { inputs: five });
    expect(detailsOf(error)).toMatchObject({
      reason: "RESPONSE_TOO_LARGE",
      violations: [{ field: "inputs" }],
    });
    const stream = await call("EmbeddingService", "EmbedStream", { inputs: five });
    expect(stream.error).toBeUndefined();
  });
});

describe("vectors of tokens", () => {
  it("are asked for, and come one after the other", async () => {
    const asked: Submission[] = [];
    const { call } = await open(denseInfo, [tokens(2), tokens(1)], asked);
    const request = { inputs, token_vectors: true, dimensions: 4 };
    const { messages } = await call("EmbeddingService", "Embed", request);
    expect(messages[0]?.["embeddings"]).toMatchObject([
      { tokens: { dimensions: 4, float32: { values: [2, 2, 2, 2, 2, 2, 2, 2] } } },
      { tokens: { dimensions: 4, float32: { values: [2, 2, 2, 2] } } },
    ]);
    // As sentence-transformers gives them, whatever the model does to vectors of texts.
    expect(asked[0]?.job).toMatchObject({ tokenVectors: true, output: { normalize: false } });
    const model = await call("ModelService", "GetModel", { name: "vectors" });
    expect(model.messages[0]?.["model"]).toMatchObject({ token_dimensions: 4, sparse: false });
  });

  it.each([
    [{ token_vectors: true, dimensions: 5 }, "dimensions", "must be at most 4"],
    [{ token_vectors: true, encoding: "VECTOR_ENCODING_INT8" }, "encoding", "float32 or float16"],
    [{ max_active_dims: 3 }, "max_active_dims", "are not sparse"],
  ])("are refused with %j", async (fields, field, description) => {
    const { call } = await open(denseInfo);
    const { error } = await call("EmbeddingService", "Embed", { inputs, ...fields });
    expect(detailsOf(error)).toMatchObject({
      violations: [{ field, description: expect.stringContaining(description) as string }],
    });
  });

  it("of one text must fit a message, in a stream too", async () => {
    const { call } = await open(denseInfo, [tokens(1), tokens(limits.maxResponseBytes / 16)]);
    const request = { inputs, token_vectors: true };
    const { messages, error } = await call("EmbeddingService", "EmbedStream", request);
    expect(messages).toHaveLength(1);
    expect(detailsOf(error)).toMatchObject({
      reason: "RESPONSE_TOO_LARGE",
      violations: [{ field: "inputs[1]" }],
    });
  });
});
