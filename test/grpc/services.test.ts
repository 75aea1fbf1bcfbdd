/** The services as callers see them: one client has only the .proto files, the other generated stubs. */
import {
  credentials,
  type GrpcObject,
  loadPackageDefinition,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { afterEach, describe, expect, it } from "vitest";
import { ServeError } from "../../src/base/errors.ts";
import type { Models, Submission } from "../../src/models/model.ts";
import {
  addAll,
  embeddingModel,
  fakeModels,
  generationModel,
  result,
  type Run,
  story,
  vector,
} from "./fake-models.ts";
import { deferred, detailsOf, start } from "./support.ts";

// What a caller of any language has: the proto files and nothing else.
const proto = loadPackageDefinition(
  loadSync(
    ["generation", "embedding", "model", "server"].map((each) => `inferd/v1/${each}_service.proto`),
    {
      includeDirs: ["proto"],
      keepCase: true,
      longs: Number,
      enums: String,
      defaults: true,
      oneofs: true,
    },
  ),
);

let closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
});

type Fields = Readonly<Record<string, unknown>>;

interface Answer {
  readonly messages: readonly Fields[];
  readonly error: ServiceError | undefined;
}

async function open(models: Models) {
  const running = await start((server) => addAll(server, models));
  closing.push(running.stop);
  const call = (service: string, method: string, request: Fields): Promise<Answer> => {
    const v1 = (proto["inferd"] as GrpcObject)["v1"] as GrpcObject;
    const Client = v1[service] as ReturnType<typeof Object> &
      (new (...args: unknown[]) => Record<string, Function>);
    const client = new Client(running.address, credentials.createInsecure());
    closing.push(() => void client["close"]?.());
    const messages: Fields[] = [];
    return new Promise((resolve) => {
      const end = (error?: ServiceError | null) => resolve({ messages, error: error ?? undefined });
      if (!method.endsWith("Stream")) {
        client[method]?.(request, (error: ServiceError | null, response?: Fields) => {
          if (response !== undefined) messages.push(response);
          end(error);
        });
        return;
      }
      const stream = client[method]?.(request) as NodeJS.ReadableStream;
      stream.on("data", (message: Fields) => messages.push(message));
      stream.on("error", end);
      stream.on("end", () => end());
    });
  };
  return { ...running, call };
}

const withModels = (run: Run, asked?: never) =>
  fakeModels([generationModel(), embeddingModel()], run) ?? asked;

const timings = {
  queue: { seconds: 0, nanos: 1_500_000 },
  prefill: { seconds: 0, nanos: 20_000_000 },
  time_to_first_token: { seconds: 0, nanos: 30_250_000 },
  decode: { seconds: 1, nanos: 0 },
  total: { seconds: 1, nanos: 100_000_000 },
  mean_batch_size: 1.5,
};
const started = {
  model: { name: "story", version: "1.2", digest: `sha256:${"ab".repeat(32)}` },
  seed: 42,
};
const finish = {
  reason: "FINISH_REASON_STOP",
  stop_sequence: "",
  usage: { prompt_tokens: 3, cached_prompt_tokens: 1, completion_tokens: 2 },
  timings,
};

describe("generation", () => {
  const events = (answer: Answer) =>
    answer.messages.map((message) => message[String(message["event"])]);

  it("streams started, then pieces, then one finish", async () => {
    const { call } = await open(withModels(story()));
    const answer = await call("GenerationService", "GenerateStream", { prompt: "Tell" });
    expect(answer.error).toBeUndefined();
    expect(answer.messages.map(({ event }) => event)).toEqual([
      "started",
      "piece",
      "piece",
      "finish",
    ]);
    expect(events(answer)).toEqual([
      started,
      { text: "Once ", tokens: [7] },
      { text: "upon", tokens: [8, 9] },
      finish,
    ]);
  });

  it("answers at once with the same", async () => {
    const { call } = await open(withModels(story()));
    const { messages } = await call("GenerationService", "Generate", { prompt: "Tell" });
    expect(messages).toEqual([{ text: "Once upon", tokens: [7, 8, 9], finish, started }]);
  });

  it("repeats the prompt where asked", async () => {
    const { call } = await open(withModels(story()));
    const request = { prompt: "Tell: ", include_prompt: true };
    const whole = await call("GenerationService", "Generate", request);
    expect(whole.messages[0]?.["text"]).toBe("Tell: Once upon");
    const streamed = await call("GenerationService", "GenerateStream", request);
    expect(events(streamed)[1]).toEqual({ text: "Tell: ", tokens: [] });
  });

  it("hands the engine a job with every value decided", async () => {
    const asked: Submission[] = [];
    const sampling = { temperature: 0.1, topK: 5, minTokens: 9, seed: 7 };
    const model = generationModel({ manifest: { sampling } });
    const { call } = await open(fakeModels([model], story(undefined, asked)));
    await call("GenerationService", "Generate", {
      chat: {
        messages: [
          { role: "ROLE_SYSTEM", content: "s" },
          { role: "ROLE_USER", content: "u" },
        ],
      },
      sampling: { temperature: 0, max_tokens: 5, logit_bias: { 3: -1 } },
      stop: ["\n"],
      truncate: "TRUNCATE_START",
      return_tokens: true,
    });
    expect(asked[0]?.job).toEqual({
      kind: "generate",
      input: {
        kind: "chat",
        messages: [
          { role: "system", content: "s" },
          { role: "user", content: "u" },
        ],
      },
      sampling: {
        temperature: 0,
        topK: 5,
        topP: 0.95,
        minP: 0.05,
        typicalP: 1,
        repetitionPenalty: 1,
        presencePenalty: 0,
        frequencyPenalty: 0,
        penaltyLastN: 64,
        seed: 7,
        maxTokens: 5,
        minTokens: 5,
        logitBias: new Map([[3, -1]]),
        ignoreEos: false,
      },
      stop: ["\n"],
      truncate: "start",
      returnTokens: true,
    });
  });

  it("takes what is left of the context where no most is given, within the limit", async () => {
    const asked: Submission[] = [];
    const models = [
      generationModel(),
      generationModel({ manifest: { name: "small" }, info: { contextLength: 64 } }),
    ];
    const { call } = await open(fakeModels(models, story(undefined, asked)));
    await call("GenerationService", "Generate", { model: "story", tokens: { ids: [1, 2] } });
    await call("GenerationService", "Generate", { model: "small", prompt: "x" });
    const jobs = asked.map(({ job }) => job);
    expect(jobs.map((job) => job.kind === "generate" && job.sampling.maxTokens)).toEqual([
      1000, 64,
    ]);
    expect(jobs[0]).toMatchObject({ input: { kind: "tokens", ids: Uint32Array.of(1, 2) } });
  });

  const refused: [string, Fields, string, string[]][] = [
    [
      "every wrong field",
      { sampling: { temperature: 3, top_p: 0 }, stop: [""] },
      "FIELD_INVALID",
      ["input", "sampling.temperature", "sampling.top_p", "stop[0]"],
    ],
    [
      "token ids outside the vocabulary",
      { tokens: { ids: [99, 100] }, sampling: { logit_bias: { 100: 1 } } },
      "FIELD_INVALID",
      ["sampling.logit_bias[100]", "tokens.ids[1]"],
    ],
    [
      "more tokens than the limit",
      { prompt: "x", sampling: { max_tokens: 1001 } },
      "FIELD_INVALID",
      ["sampling.max_tokens"],
    ],
    ["an unknown model", { prompt: "x", model: "nothing" }, "MODEL_NOT_FOUND", []],
    ["a model of another task", { prompt: "x", model: "vectors" }, "WRONG_TASK", []],
  ];
  it.each(refused)("refuses %s before it works", async (_, request, reason, fields) => {
    const asked: Submission[] = [];
    const { call } = await open(withModels(story(undefined, asked)));
    for (const method of ["Generate", "GenerateStream"]) {
      const { error } = await call("GenerationService", method, request);
      const details = detailsOf(error);
      expect(details?.reason).toBe(reason);
      expect(details?.violations.map(({ field }) => field)).toEqual(fields);
    }
    expect(asked).toEqual([]);
  });

  it("keeps a model's own limit of tokens", async () => {
    const own = {
      contextLength: undefined,
      maxSequences: undefined,
      maxQueuedJobs: undefined,
      maxTokens: 10,
    };
    const { call } = await open(fakeModels([generationModel({ manifest: { limits: own } })]));
    const over = await call("GenerationService", "Generate", {
      prompt: "x",
      sampling: { max_tokens: 11 },
    });
    expect(detailsOf(over.error)?.violations.map(({ field }) => field)).toEqual([
      "sampling.max_tokens",
    ]);
    const least = await call("GenerationService", "Generate", {
      prompt: "x",
      sampling: { min_tokens: 11 },
    });
    expect(detailsOf(least.error)?.violations.map(({ field }) => field)).toEqual([
      "sampling.min_tokens",
    ]);
  });

  it("refuses a chat where there is no template", async () => {
    const { call } = await open(fakeModels([generationModel({ info: { chat: false } })]));
    const { error } = await call("GenerationService", "Generate", {
      chat: { messages: [{ role: "ROLE_USER", content: "hi" }] },
    });
    expect(error?.code).toBe(status.FAILED_PRECONDITION);
    expect(detailsOf(error)?.reason).toBe("NO_CHAT_TEMPLATE");
  });

  it("sends what there was before a failure in the middle", async () => {
    const broken: Run = async function* () {
      yield { kind: "started" };
      yield { kind: "piece", text: "On" };
      await Promise.resolve();
      throw new ServeError("WORKER_EXITED", "the worker died");
    };
    const { call } = await open(withModels(broken));
    const { messages, error } = await call("GenerationService", "GenerateStream", { prompt: "x" });
    expect(messages).toHaveLength(2);
    expect(error?.code).toBe(status.UNAVAILABLE);
    expect(detailsOf(error)?.reason).toBe("WORKER_EXITED");
  });

  it("keeps an error within the size that proxies let through", async () => {
    const { call } = await open(withModels(story()));
    const messages = Array.from({ length: 1024 }, () => ({ role: "ROLE_UNSPECIFIED" }));
    const { error } = await call("GenerationService", "Generate", { chat: { messages } });
    const details = detailsOf(error);
    expect(details?.bytes).toBeLessThan(6000);
    expect(details?.violations).toHaveLength(32);
    expect(details?.facts["violations"]).toBe("1024");
    expect(error?.details).toMatch(/^chat.messages\[0\].role must be set, and 1023 more fields$/);
  });
});

describe("embedding", () => {
  const jobGives = (vectors: ReturnType<typeof vector>[][], asked: Submission[] = []) =>
    story(
      [
        { kind: "started" },
        ...vectors.map((each) => ({ kind: "vectors" as const, vectors: each })),
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
    vector: [index, 0.5, -1, 2],
    packed: Buffer.alloc(0),
    scale: 0,
    tokens: 3,
    truncated: false,
    error: null,
  });
  const end = {
    usage: { prompt_tokens: 3, cached_prompt_tokens: 0, completion_tokens: 0 },
    timings: { ...timings, time_to_first_token: null, decode: null },
    model: { name: "vectors", version: "1.2", digest: `sha256:${"ab".repeat(32)}` },
  };
  const inputs = ["a", "b", "c"];
  const outOfOrder = [[vector(2), vector(0)], [vector(1)]];

  it("answers all at once, in the order of the texts", async () => {
    const { call } = await open(withModels(jobGives(outOfOrder)));
    const { messages, error } = await call("EmbeddingService", "Embed", { inputs });
    expect(error).toBeUndefined();
    expect(messages).toEqual([{ embeddings: [item(0), item(1), item(2)], ...end }]);
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
      yield { kind: "vectors", vectors: [vector(0)] };
      await gate.promise;
      yield { kind: "vectors", vectors: [vector(1), vector(2)] };
      yield { kind: "finish", ...result };
    };
    const { call } = await open(withModels(slow));
    const answer = call("EmbeddingService", "EmbedStream", { inputs });
    gate.resolve();
    expect((await answer).messages).toHaveLength(4);
  });

  it("fails a text alone", async () => {
    const error = {
      reason: "INPUT_TOO_LONG",
      message: "it has 900 tokens; at most 256 fit",
    } as const;
    const failed = vector(1, { values: new Float32Array(), error });
    const { call } = await open(withModels(jobGives([[vector(0), failed, vector(2)]])));
    const { messages } = await call("EmbeddingService", "Embed", { inputs });
    expect(messages[0]?.["embeddings"]).toMatchObject([
      { error: null },
      { vector: [], error },
      { error: null },
    ]);
  });

  it("sends other encodings as bytes", async () => {
    const packed = Uint8Array.of(1, 255);
    const one = vector(0, { values: new Float32Array(), packed, scale: 0.5, truncated: true });
    const { call } = await open(withModels(jobGives([[one]])));
    const { messages } = await call("EmbeddingService", "Embed", {
      inputs: ["a"],
      encoding: "ENCODING_INT8",
    });
    expect(messages[0]?.["embeddings"]).toEqual([
      { ...item(0), vector: [], packed: Buffer.from(packed), scale: 0.5, truncated: true },
    ]);
  });

  it("hands the worker a job and the shape of its vectors", async () => {
    const asked: Submission[] = [];
    const { call } = await open(withModels(jobGives([[vector(0)]], asked)));
    await call("EmbeddingService", "Embed", { inputs: ["a"] });
    await call("EmbeddingService", "Embed", {
      inputs: ["a"],
      normalize: false,
      dimensions: 2,
      truncate: "TRUNCATE_END",
      encoding: "ENCODING_FLOAT16",
    });
    expect(asked.map(({ job, shape }) => ({ job, shape }))).toEqual([
      {
        job: { kind: "embed", texts: ["a"], truncate: "none" },
        shape: { normalize: true, dimensions: undefined, encoding: "float32" },
      },
      {
        job: { kind: "embed", texts: ["a"], truncate: "end" },
        shape: { normalize: false, dimensions: 2, encoding: "float16" },
      },
    ]);
  });

  it("refuses more dimensions than the model has", async () => {
    const { call } = await open(withModels(jobGives([])));
    const { error } = await call("EmbeddingService", "Embed", { inputs: ["a"], dimensions: 5 });
    expect(detailsOf(error)?.violations.map(({ field }) => field)).toEqual(["dimensions"]);
  });
});

describe("models", () => {
  const many = Array.from({ length: 5 }, (_, index) =>
    generationModel({ manifest: { name: `m${index}` } }),
  );

  it("are listed by pages that lead on", async () => {
    const { call } = await open(fakeModels(many));
    const names: unknown[] = [];
    let token: unknown = "";
    let pages = 0;
    do {
      const { messages } = await call("ModelService", "ListModels", {
        page_size: 2,
        page_token: token,
      });
      const page = messages[0] as { models: { name: string }[]; next_page_token: string };
      names.push(...page.models.map(({ name }) => name));
      token = page.next_page_token;
      pages += 1;
    } while (token !== "");
    expect(names).toEqual(["m0", "m1", "m2", "m3", "m4"]);
    expect(pages).toBe(3);
  });

  it.each(["m1", "bm90", "YWZ0ZXI6bTE=", "🙂"])("refuse %s as a page's token", async (token) => {
    const { call } = await open(fakeModels(many));
    const { error } = await call("ModelService", "ListModels", { page_token: token });
    expect(detailsOf(error)?.violations.map(({ field }) => field)).toEqual(["page_token"]);
  });

  it("are described with what a call takes by default", async () => {
    const model = generationModel({
      manifest: { engine: "/srv/own/engine.ts", sampling: { topK: 3 } },
    });
    const { call } = await open(fakeModels([model]));
    const { messages } = await call("ModelService", "GetModel", { name: "story" });
    expect(messages[0]?.["model"]).toMatchObject({
      name: "story",
      version: "1.2",
      engine: "engine.ts",
      tasks: ["TASK_GENERATE"],
      context_length: 2048,
      license: "Apache-2.0",
      state: "MODEL_STATE_READY",
      chat: true,
      default_sampling: { top_k: 3, max_tokens: 1000, penalty_last_n: 64 },
    });
  });

  it("say why they failed", async () => {
    const { call } = await open(fakeModels([embeddingModel({ state: "failed" })]));
    const { messages } = await call("ModelService", "GetModel", { name: "vectors" });
    expect(messages[0]?.["model"]).toMatchObject({
      state: "MODEL_STATE_FAILED",
      failure: "its file is damaged",
      default_sampling: null,
      dimensions: 4,
      pooling: "mean",
    });
  });

  it("are not found by another name", async () => {
    const { call } = await open(fakeModels(many));
    const { error } = await call("ModelService", "GetModel", { name: "nothing" });
    expect(error?.code).toBe(status.NOT_FOUND);
    expect(detailsOf(error)).toMatchObject({
      reason: "MODEL_NOT_FOUND",
      facts: { model: "nothing" },
    });
  });
});

describe("the server", () => {
  it("tells its version, engines, limits and age", async () => {
    const { call } = await open(fakeModels([generationModel()]));
    const { messages } = await call("ServerService", "GetServerInfo", {});
    expect(messages).toEqual([
      {
        version: "9.9.9",
        build: "abc",
        engines: [
          { name: "llama", libraries: [{ name: "llama.cpp", version: "b1" }] },
          { name: "onnx", libraries: [] },
        ],
        limits: {
          max_message_bytes: 8_388_608,
          max_inputs: 4096,
          max_tokens: 1000,
          max_queued_jobs: 256,
          max_call_duration: { seconds: 600, nanos: 0 },
        },
        uptime: { seconds: 1, nanos: 500_000_000 },
      },
    ]);
  });
});
