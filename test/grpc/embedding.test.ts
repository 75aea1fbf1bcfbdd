import { afterEach, describe, expect, it } from "vitest";
import type { ErrorData } from "../../src/base/errors.ts";
import type { Submission } from "../../src/jobs/submission.ts";
import type { Models } from "../../src/models/model.ts";
import { embedJob } from "../fixtures/jobs.ts";
import {
  embeddingModel,
  failedText,
  fakeModels,
  generationModel,
  result,
  type Run,
  type StatusParts,
  story,
  timings,
  vector,
} from "./fake-models.ts";
import { serve, type Served } from "./proto-client.ts";
import { deferred, detailsOf } from "./support.ts";

let closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
});

async function open(models: Models): Promise<Served> {
  const served = await serve(models);
  closing.push(served.stop);
  return served;
}

const normalizeOf = ({ job }: Submission) =>
  job.kind === "items" && job.task === "embed" && job.output.normalize;

const withModels = (run: Run): Models => fakeModels([generationModel(), embeddingModel()], run);

describe("embedding", () => {
  const jobGives = (vectors: ReturnType<typeof vector>[][], asked: Submission[] = []) =>
    story(
      [
        { kind: "started" },
        ...vectors.map((each) => ({ kind: "items" as const, items: each })),
        {
          kind: "finish",
          ...result,
          usage: { ...result.usage, cachedPromptTokens: 0, completionTokens: 0 },
        },
      ],
      asked,
    );
  const item = (index: number) => ({
    index,
    value: "float32",
    float32: { values: [index, 0.5, -1, 2] },
    token_count: 3,
    truncated: false,
  });
  const end = {
    usage: { prompt_tokens: 3, cached_prompt_tokens: 0, completion_tokens: 0 },
    timings: { ...timings, time_to_first_token: null, decode: null },
    model: { name: "vectors", version: "1.2", digest: `sha256:${"ab".repeat(32)}` },
    request_id: expect.any(String) as unknown,
  };
  const inputs = ["a", "b", "c"];
  const outOfOrder = [[vector(2), vector(0)], [vector(1)]];

  it("answers all at once, in the order of the texts", async () => {
    const { call } = await open(withModels(jobGives(outOfOrder)));
    const { messages, error } = await call("EmbeddingService", "Embed", { inputs });
    expect(error).toBeUndefined();
    expect(messages).toEqual([{ embeddings: [item(0), item(1), item(2)], finish: end }]);
  });

  it.each([
    ["in the order of the texts", false, [0, 1, 2]],
    ["as they come, where asked", true, [2, 0, 1]],
  ])("streams %s", async (_, unordered, order) => {
    const { call } = await open(withModels(jobGives(outOfOrder)));
    const { messages } = await call("EmbeddingService", "EmbedStream", { inputs, unordered });
    expect(messages.map((message) => message[String(message["event"])])).toEqual([
      ...order.map(item),
      end,
    ]);
  });

  it("sends what comes in order at once", async () => {
    const gate = deferred();
    const slow: Run = async function* () {
      yield { kind: "items", items: [vector(0)] };
      await gate.promise;
      yield { kind: "items", items: [vector(1), vector(2)] };
      yield { kind: "finish", ...result };
    };
    const { call } = await open(withModels(slow));
    const answer = call("EmbeddingService", "EmbedStream", { inputs });
    gate.resolve();
    expect((await answer).messages).toHaveLength(4);
  });

  describe("a text that has no vector", () => {
    const error = { reason: "INPUT_TOO_LONG", message: "it is too long" } as const;
    const bad = (index: number, reason: ErrorData["reason"] = error.reason) =>
      failedText(index, { ...error, reason });

    it.each(["Embed", "EmbedStream"])(
      "fails %s, which names all that it knows of",
      async (method) => {
        const { call } = await open(withModels(jobGives([[vector(0)], [bad(1), bad(2)]])));
        const answer = await call("EmbeddingService", method, { inputs });
        const { reason, facts, violations } = detailsOf(answer.error)!;
        expect({ reason, facts }).toEqual({ reason: "INPUT_TOO_LONG", facts: { index: "1" } });
        expect(answer.error?.details).toBe("inputs[1]: it is too long, and 1 more of the texts");
        expect(violations).toEqual([
          { field: "inputs[1]", reason: "TOO_LONG", description: error.message },
          { field: "inputs[2]", reason: "TOO_LONG", description: error.message },
        ]);
      },
    );

    it("names no field where the fault is not the text's", async () => {
      const { call } = await open(withModels(jobGives([[bad(0, "RESULT_NOT_FINITE")]])));
      const answer = await call("EmbeddingService", "Embed", { inputs });
      expect(detailsOf(answer.error)).toMatchObject({
        reason: "RESULT_NOT_FINITE",
        violations: [],
      });
    });

    it("fails alone where the call says so", async () => {
      const { call } = await open(withModels(jobGives([[vector(0), bad(1), vector(2)]])));
      const request = { inputs, allow_item_errors: true };
      const { messages } = await call("EmbeddingService", "Embed", request);
      const failed = { value: "error", error, index: 1, token_count: 3, truncated: false };
      expect(messages[0]?.["embeddings"]).toEqual([item(0), failed, item(2)]);
    });
  });

  describe.each([
    ["twice for a text, none for another", [[vector(0), vector(1)], [vector(1)]]],
    ["too few", [[vector(0), vector(1)]]],
    ["one for no text", [[vector(0), vector(1), vector(2)], [vector(3)]]],
  ])("by a model that gives vectors wrongly: %s", (_, vectors) => {
    it.each(["Embed", "EmbedStream"])("fails %s", async (method) => {
      const { call } = await open(withModels(jobGives(vectors)));
      const { error } = await call("EmbeddingService", method, { inputs });
      expect(detailsOf(error)?.reason).toBe("INTERNAL");
    });
  });

  it("sends other encodings as bytes", async () => {
    const packed = Uint8Array.of(1, 255);
    const int8 = { kind: "int8", bytes: packed, scale: 0.5 } as const;
    const one = { ...vector(0, int8), truncated: true };
    const { call } = await open(withModels(jobGives([[one]])));
    const { messages } = await call("EmbeddingService", "Embed", {
      inputs: ["a"],
      encoding: "VECTOR_ENCODING_INT8",
    });
    expect(messages[0]?.["embeddings"]).toEqual([
      {
        ...{ index: 0, value: "int8", token_count: 3, truncated: true },
        int8: { values: Buffer.from(packed), scale: 0.5 },
      },
    ]);
  });

  it("sends bits as bytes", async () => {
    const bits = { kind: "binary", bytes: Uint8Array.of(0xa0) } as const;
    const asked: Submission[] = [];
    const { call } = await open(withModels(jobGives([[vector(0, bits)]], asked)));
    const request = { inputs: ["a"], encoding: "VECTOR_ENCODING_BINARY" };
    const { messages } = await call("EmbeddingService", "Embed", request);
    expect(messages[0]?.["embeddings"]).toMatchObject([{ binary: Buffer.of(0xa0) }]);
    expect(asked).toMatchObject([{ job: { output: { encoding: "binary" } } }]);
  });

  describe("of token ids", () => {
    const token_inputs = [{ ids: [1, 99] }, { ids: [7] }];
    const prompts = { prompts: [{ name: "query", text: "query: " }], defaultPrompt: "query" };
    const embed = { takesTokenIds: true, ...prompts };
    const violationsOf = async (
      request: Record<string, unknown>,
      parts: StatusParts = { embed },
    ) => {
      const asked: Submission[] = [];
      const { call } = await open(fakeModels([embeddingModel(parts)], jobGives([], asked)));
      const { error } = await call("EmbeddingService", "Embed", request);
      expect(asked).toEqual([]);
      return detailsOf(error)?.violations;
    };

    it.each(["Embed", "EmbedStream"])("hands them to the worker by %s", async (method) => {
      const asked: Submission[] = [];
      const models = fakeModels(
        [embeddingModel({ embed })],
        jobGives([[vector(0), vector(1)]], asked),
      );
      const { call } = await open(models);
      const { error } = await call("EmbeddingService", method, { token_inputs });
      expect(error).toBeUndefined();
      // The model's default prompt does not stand before them.
      const items = [Uint32Array.of(1, 99), Uint32Array.of(7)];
      expect(asked).toMatchObject([{ job: { items, promptName: "" } }]);
    });

    it.each([
      ["neither", {}, "inputs", "REQUIRED"],
      ["both", { inputs: ["a"], token_inputs }, "token_inputs", "CONFLICT"],
      ["a prompt too", { token_inputs, prompt_name: "query" }, "prompt_name", "CONFLICT"],
      ["no id", { token_inputs: [{}] }, "token_inputs[0].ids", "REQUIRED"],
      [
        "an id above the vocabulary",
        { token_inputs: [{ ids: [1] }, { ids: [1, 100] }] },
        "token_inputs[1].ids[1]",
        "UNKNOWN_VALUE",
      ],
    ])("refuses %s, before the work", async (_, request, field, reason) => {
      expect(await violationsOf(request)).toMatchObject([{ field, reason }]);
    });

    it("refuses them for a model that takes texts only", async () => {
      expect(await violationsOf({ token_inputs }, {})).toEqual([
        {
          field: "token_inputs",
          reason: "UNSUPPORTED",
          description: "must not be set: this model takes texts only, in inputs",
        },
      ]);
    });

    it("names the one that fails by its own path", async () => {
      const error = { reason: "INPUT_TOO_LONG", message: "it is too long" } as const;
      const run = jobGives([[vector(0), failedText(1, error)]]);
      const { call } = await open(fakeModels([embeddingModel({ embed })], run));
      const answer = await call("EmbeddingService", "Embed", { token_inputs });
      expect(answer.error?.details).toBe("token_inputs[1]: it is too long");
      expect(detailsOf(answer.error)?.violations).toMatchObject([{ field: "token_inputs[1]" }]);
    });
  });

  it("hands the worker a job and the format of its vectors", async () => {
    const asked: Submission[] = [];
    const { call } = await open(withModels(jobGives([[vector(0)]], asked)));
    await call("EmbeddingService", "Embed", { inputs: ["a"] });
    await call("EmbeddingService", "Embed", {
      inputs: ["a"],
      normalize: false,
      dimensions: 2,
      truncation: "TRUNCATION_END",
      encoding: "VECTOR_ENCODING_FLOAT16",
    });
    expect(asked.map(({ job }) => job)).toEqual([
      embedJob(["a"], {
        output: { normalize: true, dimensions: undefined, encoding: "float32" },
      }),
      embedJob(["a"], {
        truncate: "end",
        output: { normalize: false, dimensions: 2, encoding: "float16" },
      }),
    ]);
  });

  describe("with the model's own prompts and scale", () => {
    const prompts = [
      { name: "query", text: "query: " },
      { name: "passage", text: "passage: " },
    ];
    const embed = { prompts, defaultPrompt: "query", normalize: false } as const;
    const asked: Submission[] = [];
    const openPrompted = () =>
      open(fakeModels([embeddingModel({ embed })], jobGives([[vector(0)]], asked)));

    it.each(["Embed", "EmbedStream"])("names the prompt that %s names, or none", async (method) => {
      const { call } = await openPrompted();
      for (const named of [{}, { prompt_name: "passage" }, { prompt_name: "" }]) {
        const { error } = await call("EmbeddingService", method, { inputs: ["a"], ...named });
        expect(error).toBeUndefined();
      }
      expect(asked.splice(0).map(({ job }) => job)).toMatchObject([
        expect.not.objectContaining({ promptName: expect.anything() as unknown }),
        { promptName: "passage" },
        { promptName: "" },
      ]);
    });

    it("refuses a prompt that the model has not, and names those it has", async () => {
      const { call } = await openPrompted();
      const { error } = await call("EmbeddingService", "Embed", {
        inputs: ["a"],
        prompt_name: "document",
      });
      const [violation] = detailsOf(error)!.violations;
      expect(violation).toMatchObject({ field: "prompt_name", reason: "UNKNOWN_VALUE" });
      expect(violation!.description).toContain("query, passage");
    });

    it("scales as the model's authors do, unless the call says", async () => {
      const { call } = await openPrompted();
      await call("EmbeddingService", "Embed", { inputs: ["a"] });
      await call("EmbeddingService", "Embed", { inputs: ["a"], normalize: true });
      expect(asked.splice(0).map(normalizeOf)).toEqual([false, true]);
    });
  });

  it("refuses a prompt of a model that has none", async () => {
    const { call } = await open(withModels(jobGives([])));
    const { error } = await call("EmbeddingService", "Embed", { inputs: ["a"], prompt_name: "q" });
    expect(detailsOf(error)?.violations.map(({ field }) => field)).toEqual(["prompt_name"]);
  });

  it("refuses a whole answer that no client would receive, before the work, with how many fit", async () => {
    const asked: Submission[] = [];
    const models = fakeModels(
      [embeddingModel({ embed: { dimensions: 384 } })],
      story([{ kind: "started" }], asked),
    );
    const { call } = await open(models);
    const inputs = Array.from({ length: 3000 }, () => "a");
    const { error } = await call("EmbeddingService", "Embed", { inputs });
    const details = detailsOf(error);
    expect(details?.reason).toBe("RESPONSE_TOO_LARGE");
    expect(details?.violations).toMatchObject([{ field: "inputs", reason: "TOO_MANY" }]);
    expect(asked).toEqual([]);
    const fitting = Number(details?.facts["maxInputs"]);
    const ways = [
      ["Embed", { inputs: inputs.slice(0, fitting) }],
      ["Embed", { inputs, encoding: "VECTOR_ENCODING_FLOAT16" }],
      ["Embed", { inputs, dimensions: 192 }],
      ["EmbedStream", { inputs }],
    ] as const;
    for (const [method, request] of ways) await call("EmbeddingService", method, request);
    expect(asked).toHaveLength(ways.length);
  });

  it("refuses more dimensions than the model has", async () => {
    const { call } = await open(withModels(jobGives([])));
    const { error } = await call("EmbeddingService", "Embed", { inputs: ["a"], dimensions: 5 });
    expect(detailsOf(error)?.violations.map(({ field }) => field)).toEqual(["dimensions"]);
    const all = { inputs: ["a"], dimensions: 5, truncation: 9 };
    const both = detailsOf((await call("EmbeddingService", "Embed", all)).error)?.violations;
    expect(both).toMatchObject([
      { field: "truncation", reason: "UNKNOWN_VALUE" },
      { field: "dimensions", reason: "OUT_OF_RANGE" },
    ]);
  });
});
