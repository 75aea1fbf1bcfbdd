import { Client, credentials, type ServiceError, status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { GenerationServiceService } from "../../gen/inferd/v1/generation_service.ts";
import { ServeError } from "../../src/base/errors.ts";
import type { Submission } from "../../src/jobs/submission.ts";
import type { Models } from "../../src/models/model.ts";
import {
  embeddingModel,
  fakeModels,
  generationModel,
  type Run,
  story,
  timings,
} from "./fake-models.ts";
import { type Answer, type Fields, serve, type Served } from "./proto-client.ts";
import { detailsOf } from "./support.ts";

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

const withModels = (run: Run): Models => fakeModels([generationModel(), embeddingModel()], run);

const started = {
  model: { name: "story", version: "1.2", digest: `sha256:${"ab".repeat(32)}` },
  seed: 42,
  request_id: expect.any(String) as unknown,
};
const finish = {
  usage: { prompt_tokens: 3, cached_prompt_tokens: 1, completion_tokens: 2 },
  timings,
  model: started.model,
  request_id: started.request_id,
  reason: "FINISH_REASON_STOP",
  stop_sequence: "",
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
      { text: "Once ", token_ids: [7] },
      { text: "upon", token_ids: [8, 9] },
      finish,
    ]);
  });

  it("answers at once with the same", async () => {
    const { call } = await open(withModels(story()));
    const { messages } = await call("GenerationService", "Generate", { prompt: "Tell" });
    const rest = { reasoning: "", tool_calls: [], finish, started };
    expect(messages).toEqual([{ text: "Once upon", token_ids: [7, 8, 9], ...rest }]);
  });

  it("repeats the prompt where asked", async () => {
    const { call } = await open(withModels(story()));
    const request = { prompt: "Tell: ", include_prompt: true };
    const whole = await call("GenerationService", "Generate", request);
    expect(whole.messages[0]?.["text"]).toBe("Tell: Once upon");
    const streamed = await call("GenerationService", "GenerateStream", request);
    expect(events(streamed)[1]).toEqual({ text: "Tell: ", token_ids: [] });
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
      sampling: { temperature: 0, max_tokens: 5, logit_bias: { 3: -1 }, stop: ["\n"] },
      truncation: "TRUNCATION_START",
      return_token_ids: true,
    });
    expect(asked[0]?.job).toEqual({
      kind: "completion",
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
      maxPromptTokens: 2000,
      returnTokenIds: true,
      cacheScope: "",
    });
  });

  it("queues by who calls, how urgent it is and how long there is time", async () => {
    const asked: Submission[] = [];
    const { call } = await open(fakeModels([generationModel()], story(undefined, asked)));
    await call("GenerationService", "Generate", { prompt: "p" });
    await call("GenerationService", "Generate", {
      prompt: "p",
      call: { priority: "PRIORITY_BATCH", user: "u1" },
    });
    expect(asked).toMatchObject([
      { caller: "127.0.0.1", user: "", priority: "interactive" },
      { caller: "127.0.0.1", user: "u1", priority: "batch" },
    ]);
    const leftMs = asked.map(({ expiresAt }) => expiresAt - performance.now());
    for (const each of leftMs) expect(each).toBeLessThanOrEqual(600_000);
    for (const each of leftMs) expect(each).toBeGreaterThan(0);
  });

  it("ends where the call says, and else where the model's manifest does", async () => {
    const asked: Submission[] = [];
    const model = generationModel({ manifest: { sampling: { stop: ["own"] } } });
    const { call } = await open(fakeModels([model], story(undefined, asked)));
    await call("GenerationService", "Generate", { prompt: "p" });
    await call("GenerationService", "Generate", { prompt: "p", sampling: { temperature: 0 } });
    await call("GenerationService", "Generate", { prompt: "p", sampling: { stop: ["a", "b"] } });
    const stops = asked.map(({ job }) => (job.kind === "completion" ? job.stop : []));
    expect(stops).toEqual([["own"], ["own"], ["a", "b"]]);
    const { messages } = await call("ModelService", "GetModel", { name: "story" });
    expect(messages[0]?.["model"]).toMatchObject({ default_sampling: { stop: ["own"] } });
  });

  it("takes any seed, tells it again, and gives the engine 32 bits of it", async () => {
    const asked: Submission[] = [];
    const { call } = await open(withModels(story(undefined, asked)));
    const told: unknown[] = [];
    for (const seed of ["-1", "4294967295", "9007199254740991", "7"]) {
      const { messages } = await call("GenerationService", "Generate", {
        ...{ prompt: "p", sampling: { seed } },
      });
      told.push((messages[0]?.["started"] as Fields)["seed"]);
    }
    expect(told).toEqual([-1, 4294967295, 9007199254740991, 7]);
    const seeds = asked.map(({ job }) => (job.kind === "completion" ? job.sampling.seed : -1));
    expect(seeds.at(-1)).toBe(7);
    expect(new Set(seeds).size).toBe(4);
    for (const seed of seeds) expect(seed >= 0 && seed < 2 ** 32 - 1).toBe(true);
  });

  it("shares what is remembered of prompts within one salt alone", async () => {
    const asked: Submission[] = [];
    const { call } = await open(withModels(story(undefined, asked)));
    for (const cache_salt of ["", "a", "b", "a"]) {
      await call("GenerationService", "Generate", { prompt: "p", call: { cache_salt } });
    }
    const scopes = asked.map(({ job }) => (job.kind === "completion" ? job.cacheScope : undefined));
    expect(scopes[0]).toBe("");
    expect(scopes[3]).toBe(scopes[1]);
    expect(new Set(scopes).size).toBe(3);
  });

  it("takes what is left of the context where no most is given, within the limit", async () => {
    const asked: Submission[] = [];
    const models = [
      generationModel(),
      generationModel({ manifest: { name: "small" }, info: { contextLength: 64 } }),
    ];
    const { call } = await open(fakeModels(models, story(undefined, asked)));
    await call("GenerationService", "Generate", { model: "story", token_ids: { ids: [1, 2] } });
    await call("GenerationService", "Generate", { model: "small", prompt: "x" });
    const jobs = asked.map(({ job }) => job);
    expect(jobs.map((job) => job.kind === "completion" && job.sampling.maxTokens)).toEqual([
      1000, 64,
    ]);
    expect(jobs[0]).toMatchObject({ input: { kind: "token_ids", ids: Uint32Array.of(1, 2) } });
  });

  const refused: [string, Fields, string, string[]][] = [
    [
      "every wrong field",
      { sampling: { temperature: 3, top_p: 0, stop: [""] } },
      "FIELD_INVALID",
      ["input", "sampling.temperature", "sampling.top_p", "sampling.stop[0]"],
    ],
    [
      "every wrong field, also those that only the model can tell",
      {
        token_ids: { ids: [100] },
        sampling: { temperature: -1, top_p: 3, logit_bias: { 100: 1 } },
      },
      "FIELD_INVALID",
      ["sampling.temperature", "sampling.top_p", "sampling.logit_bias[100]", "token_ids.ids[0]"],
    ],
    [
      "wrong fields whatever the model is",
      { prompt: "x", model: "vectors", sampling: { temperature: -1 } },
      "FIELD_INVALID",
      ["sampling.temperature"],
    ],
    [
      "token ids outside the vocabulary",
      { token_ids: { ids: [99, 100] }, sampling: { logit_bias: { 100: 1 } } },
      "FIELD_INVALID",
      ["sampling.logit_bias[100]", "token_ids.ids[1]"],
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

  it.each([
    { asked: 3, contextLength: 2048, most: 3 },
    { asked: 1000, contextLength: 64, most: 64 },
    { asked: 1001, contextLength: 2048, most: 1000 },
    { asked: 100_000, contextLength: 2048, most: 1000 },
  ])(
    "gives at most $most tokens to who asks for $asked, of a context of $contextLength",
    async ({ asked: maxTokens, contextLength, most }) => {
      const asked: Submission[] = [];
      const models = fakeModels([generationModel({ info: { contextLength } })], story([], asked));
      const { call } = await open(models);
      const sampling = { max_tokens: maxTokens, min_tokens: maxTokens };
      await call("GenerationService", "Generate", { prompt: "x", sampling });
      expect(asked).toMatchObject([{ job: { sampling: { maxTokens: most, minTokens: most } } }]);
    },
  );

  const tooLarge = (field: string) => ({
    reason: "RESPONSE_TOO_LARGE",
    violations: [{ field, reason: "TOO_LONG" }],
  });

  it("refuses a whole answer that no client would receive, and streams it", async () => {
    const asked: Submission[] = [];
    const { call } = await open(withModels(story(undefined, asked)));
    const request = { prompt: "x".repeat(4_194_304), include_prompt: true };
    const { error } = await call("GenerationService", "Generate", request);
    expect(detailsOf(error)).toMatchObject(tooLarge("include_prompt"));
    expect(asked).toEqual([]);
    await call("GenerationService", "GenerateStream", request);
    expect(asked).toHaveLength(1);
  });

  it("ends a completion that outgrows one message", async () => {
    const piece = { kind: "piece", text: "x".repeat(1_500_000) } as const;
    const { call } = await open(withModels(story([piece, piece, piece])));
    const { error } = await call("GenerationService", "Generate", { prompt: "x" });
    expect(detailsOf(error)).toMatchObject(tooLarge("sampling.max_tokens"));
  });

  it("keeps a model's own limit of tokens", async () => {
    const own = {
      contextLength: undefined,
      maxSequences: undefined,
      maxQueuedJobs: undefined,
      maxQueuedTokens: undefined,
      maxTokens: 10,
    };
    const asked: Submission[] = [];
    const model = generationModel({ manifest: { limits: own } });
    const { call } = await open(fakeModels([model], story(undefined, asked)));
    await call("GenerationService", "Generate", { prompt: "x", sampling: { max_tokens: 11 } });
    await call("GenerationService", "Generate", { prompt: "x", sampling: { min_tokens: 11 } });
    expect(asked.map(({ job }) => job.kind === "completion" && job.sampling.maxTokens)).toEqual([
      10, 10,
    ]);
  });

  it("refuses more of the least tokens than the model's manifest states of the most", async () => {
    const model = generationModel({ manifest: { sampling: { maxTokens: 5 } } });
    const { call } = await open(fakeModels([model]));
    const { error } = await call("GenerationService", "Generate", {
      prompt: "x",
      sampling: { min_tokens: 6 },
    });
    expect(detailsOf(error)?.violations).toMatchObject([
      { field: "sampling.min_tokens", reason: "CONFLICT" },
    ]);
  });

  it("refuses text that is no UTF-8, also deep inside or overlong (CVE-2026-44288)", async () => {
    const asked: Submission[] = [];
    const { address } = await open(withModels(story(undefined, asked)));
    const client = new Client(address, credentials.createInsecure());
    closing.push(() => client.close());
    const { path } = GenerationServiceService.generate;
    const prompt = [0x12, 2, 0xc3, 0x28];
    const overlong = [0x12, 2, 0xc0, 0xaf];
    const chat = [0x1a, 8, 0x0a, 6, 0x08, 2, 0x12, 2, 0xc3, 0x28];
    for (const bytes of [prompt, overlong, chat]) {
      const error = await new Promise<ServiceError | null>((resolve) => {
        const write = (raw: number[]) => Buffer.from(raw);
        client.makeUnaryRequest(path, write, String, bytes, (failure) => resolve(failure));
      });
      expect(detailsOf(error ?? undefined)?.reason).toBe("MESSAGE_MALFORMED");
    }
    expect(asked).toEqual([]);
  });

  it("refuses a chat where there is no template", async () => {
    const { call } = await open(fakeModels([generationModel({ generate: { chat: false } })]));
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
