/** Models whose jobs give what a test says. The real ones run in worker processes: see test/workers. */
import { type ErrorData, ServeError } from "../../src/base/errors.ts";
import type {
  AnswerTo,
  EmbeddingInfo,
  GenerationInfo,
  JobResult,
  ModelInfo,
  Question,
  Task,
} from "../../src/engines/engine.ts";
import type { Manifest } from "../../src/catalog/manifest.ts";
import { manifestDefaults } from "../../src/catalog/without-manifest.ts";
import type { Submission } from "../../src/jobs/submission.ts";
import type { Models, ModelStatus } from "../../src/models/model.ts";
import type { Limits } from "../../src/contract/limits.ts";
import { serviceHandlers } from "../../src/services/handlers.ts";
import type { GrpcServer } from "../../src/grpc/server.ts";
import { addServices } from "../../src/grpc/wire/services.ts";
import type { EncodedItem, WorkerEvent } from "../../src/workers/messages.ts";
import { runOf } from "../fixtures/job-runs.ts";
import { descriptors } from "./support.ts";

export const limits: Limits = {
  maxMessageBytes: 8_388_608,
  maxResponseBytes: 4_194_304,
  maxInputs: 4096,
  maxTokens: 1000,
  maxPromptTokens: 2000,
  maxStops: 16,
  maxStopBytes: 256,
  maxLogitBias: 1024,
  maxQueuedJobs: 256,
  maxQueuedTokens: 4_194_304,
  maxQueuedJobsTotal: 1024,
  maxQueuedTokensTotal: 16_777_216,
  maxCallMs: 600_000,
  waitForModel: "off",
};

const manifest: Manifest = {
  ...manifestDefaults,
  name: "story",
  version: "1.2",
  task: "generate",
  engine: "llama",
  files: {},
  stamp: "",
  license: "Apache-2.0",
};

const info: ModelInfo = {
  tasks: {},
  contextLength: 2048,
  vocabularySize: 100,
  license: "",
  slots: 4,
  libraries: [{ name: "llama.cpp", version: "b1" }],
};

export interface StatusParts {
  readonly manifest?: Partial<Manifest>;
  readonly info?: Partial<ModelInfo>;
  readonly generate?: Partial<GenerationInfo>;
  readonly embed?: Partial<EmbeddingInfo>;
  readonly state?: ModelStatus["state"];
  readonly failure?: string;
}

export function generationModel(parts: StatusParts = {}): ModelStatus {
  return {
    manifest: { ...manifest, ...parts.manifest },
    digest: `sha256:${"ab".repeat(32)}`,
    state: parts.state ?? "ready",
    failure: parts.state === "failed" ? (parts.failure ?? "its file is damaged") : "",
    info:
      parts.state === "loading"
        ? undefined
        : { ...info, tasks: { generate: { chat: true, ...parts.generate } }, ...parts.info },
  };
}

export function embeddingModel(parts: StatusParts = {}): ModelStatus {
  return generationModel({
    ...parts,
    manifest: { name: "vectors", task: "embed", engine: "onnx", ...parts.manifest },
    info: {
      tasks: { embed: { dimensions: 4, pooling: "mean", ...parts.embed } },
      libraries: [],
      ...parts.info,
    },
  });
}

export type Run = (submission: Submission) => AsyncIterable<WorkerEvent>;

/** Throws what refuses a question; every question that it lets pass is one of a constraint. */
export type Ask = (question: Question) => void;

const askedNothing: Ask = () => {
  throw new Error("it is asked nothing");
};

/** Knows models by name; the empty name means the first of its task. */
export function fakeModels(
  statuses: readonly ModelStatus[],
  run: Run = story(),
  ask: Ask = askedNothing,
): Models {
  const find = (name: string) => statuses.find(({ manifest: each }) => each.name === name);
  return {
    list: () => statuses,
    find,
    choose: (name: string, task: Task) => {
      const status =
        name === "" ? statuses.find((each) => each.manifest.task === task) : find(name);
      if (status === undefined) throw new ServeError("MODEL_NOT_FOUND", "no such model");
      return status;
    },
    loaded: () => Promise.resolve(false),
    resolve: (name: string, task: Task) => {
      const first = statuses.find(({ manifest: each }) => each.task === task);
      const status = name === "" ? first : find(name);
      if (status === undefined) throw new ServeError("MODEL_NOT_FOUND", "no such model");
      if (status.manifest.task !== task) throw new ServeError("WRONG_TASK", "another task");
      return {
        status,
        run: (submission) => runOf(submission, run(submission)),
        ask: async <Q extends Question>(question: Q) => {
          await Promise.resolve();
          ask(question);
          return true as AnswerTo<Q>;
        },
      };
    },
  };
}

export const result: JobResult = {
  reason: "stop",
  stopSequence: "",
  usage: { promptTokens: 3, cachedPromptTokens: 1, completionTokens: 2 },
  timings: {
    queueMs: 1.5,
    prefillMs: 20,
    firstTokenMs: 30.25,
    decodeMs: 1000,
    totalMs: 1100,
    meanBatchSize: 1.5,
  },
};

/** `result.timings` as a caller reads them. */
export const timings = {
  queue: { seconds: 0, nanos: 1_500_000 },
  prefill: { seconds: 0, nanos: 20_000_000 },
  time_to_first_token: { seconds: 0, nanos: 30_250_000 },
  decode: { seconds: 1, nanos: 0 },
  total: { seconds: 1, nanos: 100_000_000 },
  mean_batch_size: 1.5,
};

/** Gives these events, and notes what it was asked. */
export function story(
  events: readonly WorkerEvent[] = [
    { kind: "started" },
    { kind: "piece", text: "Once ", tokenIds: Uint32Array.of(7) },
    { kind: "piece", text: "upon", tokenIds: Uint32Array.of(8, 9) },
    { kind: "finish", ...result },
  ],
  asked: Submission[] = [],
): Run {
  return async function* (submission) {
    asked.push(submission);
    await Promise.resolve();
    yield* events;
  };
}

export function vector(index: number, result?: EncodedItem["value"]): EncodedItem {
  const values = Float32Array.of(index, 0.5, -1, 2);
  const value = result ?? { kind: "float32", values };
  return { index, value, tokenCount: 3, truncated: false };
}

/** A text without a vector. */
export function failedText(index: number, error: ErrorData): EncodedItem {
  return { index, error, tokenCount: 3, truncated: false };
}

/** All services of inferd, as app.ts adds them. */
export function addAll(server: GrpcServer, models: Models): void {
  const handlers = serviceHandlers({
    models,
    limits,
    drawSeed: () => 42,
    version: "9.9.9",
    build: "abc",
    engines: ["llama", "onnx"],
    startedAtMs: 1500,
  });
  addServices(server, { limits, registry: descriptors.registry }, handlers);
}
