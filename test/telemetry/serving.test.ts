/** The whole server with scripted models: what its metrics say of calls that went one way or another. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, credentials, makeGenericClientConstructor } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  GenerateRequest,
  type GenerateStreamResponse,
  GenerationServiceService,
} from "../../gen/inferd/v1/generation_service.ts";
import type { App } from "../../src/app/app.ts";
import { startMeasured } from "../fixtures/app.ts";
import { type Samples, samplesOf } from "../fixtures/prometheus.ts";

const method = "inferd.v1.GenerationService/GenerateStream";
const model = "scripted";

let folder: string;
let app: App;
let client: Client;
let metricsPort = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "inferd-"));
  const path = join(folder, model);
  mkdirSync(path);
  writeFileSync(
    join(path, "model.yaml"),
    `name: ${model}\ntask: generate\nengine: scripted\noptions: { slots: 1 }\nlimits: { max_queued_jobs: 1 }\n`,
  );
  ({ app, metricsPort } = await startMeasured(path, model));
  const Client = makeGenericClientConstructor(GenerationServiceService, "generation");
  client = new Client(`127.0.0.1:${app.port}`, credentials.createInsecure());
});

afterAll(async () => {
  client.close();
  await app.drain(0);
  rmSync(folder, { recursive: true });
});

/** Asks until the metrics say so: they are made anew ten times a second. */
async function scrape(says: (samples: Samples) => boolean): Promise<Samples> {
  const until = Date.now() + 10_000;
  while (Date.now() < until) {
    const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    const samples = samplesOf(text);
    if (says(samples)) return samples;
  }
  throw new Error("the metrics never said so");
}

interface Begun {
  /** Settles with the first piece, or without where the call ended before. */
  readonly first: Promise<undefined>;
  readonly ended: Promise<undefined>;
  readonly cancel: () => void;
}

function begin(script: string, name = model): Begun {
  const { path, requestSerialize, responseDeserialize } = GenerationServiceService.generateStream;
  const request = GenerateRequest.fromPartial({
    model: name,
    input: { $case: "prompt", value: script },
  });
  const stream = client.makeServerStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
    request,
  );
  const first = Promise.withResolvers<undefined>();
  const ended = Promise.withResolvers<undefined>();
  stream.on("data", ({ event }: GenerateStreamResponse) => {
    if (event?.$case === "piece") first.resolve(undefined);
  });
  stream.on("error", () => undefined);
  stream.on("status", () => {
    first.resolve(undefined);
    ended.resolve(undefined);
  });
  return { first: first.promise, ended: ended.promise, cancel: () => stream.cancel() };
}

const calls = (samples: Samples, reason: string): number | undefined =>
  samples.of("inferd_calls_total").find(({ labels }) => labels["reason"] === reason)?.value;

describe("a server's metrics", () => {
  it("tell of a call that went well", async () => {
    await begin("say one; say two; say three").ended;
    const samples = await scrape((now) => calls(now, "") === 1);
    expect(samples.of("inferd_calls_total")).toContainEqual({
      labels: { method, model, code: "OK", reason: "" },
      value: 1,
    });
    const of = (name: string) => samples.get(name, { model });
    expect(of("inferd_queue_wait_seconds_count")).toBe(1);
    expect(of("inferd_time_to_first_token_seconds_count")).toBe(1);
    expect(of("inferd_inter_token_latency_seconds_count")).toBe(2);
    expect(of("inferd_completion_tokens_total")).toBe(3);
    expect(of("inferd_prompt_tokens_total")).toBe(6);
    expect(of("inferd_step_jobs_count")).toBeGreaterThanOrEqual(3);
    expect(samples.get("inferd_running_calls", { method })).toBe(0);
  });

  it("make no label of a model's name that a caller made up", async () => {
    await begin("say x", "made-up").ended;
    const samples = await scrape((now) => calls(now, "MODEL_NOT_FOUND") === 1);
    const models = samples.of("inferd_calls_total").map(({ labels }) => labels["model"]);
    expect(new Set(models)).toEqual(new Set([model, ""]));
  });

  it("tell of one that runs, one that waits, one that is refused, and of a slot that is freed", async () => {
    const running = begin("say one; wait gate");
    await running.first;
    const waiting = begin("say two");
    const samples = await scrape((now) => now.get("inferd_jobs_waiting", { model }) === 1);
    expect(samples.get("inferd_jobs_running", { model })).toBe(1);
    expect(samples.get("inferd_slots", { model })).toBe(1);
    expect(samples.get("inferd_running_calls", { method })).toBe(2);
    await begin("say three").ended;
    running.cancel();
    await waiting.ended;
    const after = await scrape((now) => calls(now, "CALLER_GONE") === 1);
    expect(after.of("inferd_model_rejections_total")).toEqual([
      { labels: { model, reason: "QUEUE_FULL" }, value: 1 },
    ]);
    expect(after.of("inferd_failed_jobs_total")).toEqual([
      { labels: { model, stage: "admission", reason: "QUEUE_FULL" }, value: 1 },
      { labels: { model, stage: "worker", reason: "CALLER_GONE" }, value: 1 },
    ]);
    // Five words were given: three in the call before, one here, and one whose call was given no usage.
    expect(after.get("inferd_completion_tokens_total", { model })).toBe(5);
    expect(after.get("inferd_unfinished_tokens_total", { model })).toBe(1);
    // The one that waited got the place that was freed.
    expect(after.get("inferd_cancel_to_free_seconds_count", { model })).toBe(1);
    expect(after.get("inferd_jobs_running", { model })).toBe(0);
  });

  it("count a worker that died and is started again", async () => {
    await begin("say one; crash").ended;
    const samples = await scrape((now) => calls(now, "WORKER_EXITED") === 1);
    expect(samples.get("inferd_worker_restarts_total", { model })).toBe(1);
    expect(samples.get("inferd_unfinished_tokens_total", { model })).toBe(2);
  });
});
