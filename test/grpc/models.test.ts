import { status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import type { Models } from "../../src/models/model.ts";
import { embeddingModel, fakeModels, generationModel } from "./fake-models.ts";
import { serve, type Served } from "./proto-client.ts";
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

  it("are listed a thousand at a time to who asks for more (AIP-158)", async () => {
    const thousands = Array.from({ length: 1001 }, (_, index) =>
      generationModel({ manifest: { name: `m${String(index).padStart(4, "0")}` } }),
    );
    const { call } = await open(fakeModels(thousands));
    const { messages } = await call("ModelService", "ListModels", { page_size: 5000 });
    const page = messages[0] as { models: unknown[]; next_page_token: string };
    expect(page.models).toHaveLength(1000);
    expect(page.next_page_token).not.toBe("");
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
      tasks: ["MODEL_TASK_GENERATE"],
      context_length: 2048,
      license: "Apache-2.0",
      state: "MODEL_STATE_READY",
      chat: true,
      default_sampling: { top_k: 3, max_tokens: 1000, penalty_last_n: 64 },
    });
  });

  it("are described with how many jobs all their workers take at once, once that is known", async () => {
    const models = [
      generationModel({ manifest: { replicas: 3 }, info: { slots: 4, contextLength: 8192 } }),
      embeddingModel({ state: "loading" }),
    ];
    const { call } = await open(fakeModels(models));
    const { messages } = await call("ModelService", "ListModels", {});
    expect(messages[0]?.["models"]).toMatchObject([
      { name: "story", slots: 12, context_length: 8192 },
      { name: "vectors", slots: 0, context_length: 0 },
    ]);
  });

  it("are described with their prompts, and with how texts share batches", async () => {
    const prompts = [{ name: "query", text: "query: " }];
    const embed = { prompts, defaultPrompt: "query", normalize: false, batching: "alone" } as const;
    const models = [embeddingModel({ embed }), generationModel()];
    const { call } = await open(fakeModels(models));
    const { messages } = await call("ModelService", "ListModels", {});
    expect(messages[0]?.["models"]).toMatchObject([
      {
        name: "vectors",
        prompts,
        default_prompt_name: "query",
        normalize: false,
        text_batching: "TEXT_BATCHING_ALONE",
      },
      {
        name: "story",
        prompts: [],
        default_prompt_name: "",
        normalize: false,
        text_batching: "TEXT_BATCHING_UNSPECIFIED",
      },
    ]);
  });

  it("scale vectors, together, where their engine does not say", async () => {
    const { call } = await open(fakeModels([embeddingModel()]));
    const { messages } = await call("ModelService", "GetModel", { name: "vectors" });
    expect(messages[0]?.["model"]).toMatchObject({
      normalize: true,
      text_batching: "TEXT_BATCHING_TOGETHER",
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

  it("say why they failed without a path of the machine", async () => {
    const failure = 'cannot open "/srv/my models/m.onnx_data", allowed directory: "/srv/other"';
    const files = { model: { path: "/srv/my models/m.onnx", sha256: undefined } };
    const model = embeddingModel({ state: "failed", failure, manifest: { files } });
    const { call } = await open(fakeModels([model]));
    const { messages } = await call("ModelService", "ListModels", {});
    expect(messages[0]?.["models"]).toMatchObject([
      { failure: 'cannot open "m.onnx_data", allowed directory: "other"' },
    ]);
  });

  it("are not found by another name", async () => {
    const { call } = await open(fakeModels(many));
    const { error } = await call("ModelService", "GetModel", { name: "nothing" });
    expect(error?.code).toBe(status.NOT_FOUND);
    expect(detailsOf(error)).toMatchObject({
      reason: "MODEL_NOT_FOUND",
      facts: { model: "nothing" },
      resource: { resourceType: "inferd.v1.Model", resourceName: "nothing" },
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
          max_queued_tokens: 4_194_304,
          max_queued_jobs_total: 1024,
          max_queued_tokens_total: 16_777_216,
          max_prompt_tokens: 2000,
          max_stops: 16,
          max_stop_bytes: 256,
          max_logit_bias: 1024,
          max_response_bytes: 4_194_304,
        },
        start_time: { seconds: 1, nanos: 500_000_000 },
      },
    ]);
  });
});
