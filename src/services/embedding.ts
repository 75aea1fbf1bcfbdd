/** Embeddings: both methods are one core. A text that fails fails its call, unless that asks for the others. */
import {
  type EmbedFinish,
  type EmbedRequest,
  VectorEncoding,
} from "../../gen/inferd/v1/embedding_service.ts";
import { ServeError } from "../base/errors.ts";
import type { CallContext, Handler } from "../calls/call.ts";
import type { Limits } from "../contract/limits.ts";
import { ruleOf } from "../contract/methods.ts";
import { Report } from "../contract/validation/report.ts";
import { validated } from "../contract/validation/validated.ts";
import type { EmbedJob, EmbeddingInfo, JobResult, VectorFormat } from "../engines/engine.ts";
import { queuePromptEstimate } from "../jobs/token-estimates.ts";
import type { Models, ModelStatus } from "../models/model.ts";
import type { EncodedItem } from "../workers/messages.ts";
import { assertVectorsFit, type VectorAnswer } from "./answer-size.ts";
import { embeddingTimings, truncationOf, usageOf, versionOf, waits } from "./messages.ts";
import { lookAt, modelLoaded, resolveFor } from "./model-access.ts";
import { textError } from "./item-errors.ts";
import { noteCall, originOf } from "./origin.ts";
import type {
  VectorEmbedding,
  VectorEmbedResponse,
  VectorEmbedStreamResponse,
  VectorValue,
} from "./embedding-types.ts";

export interface EmbeddingOptions {
  readonly models: Models;
  readonly limits: Limits;
}

export interface EmbeddingHandlers {
  readonly embed: Handler<EmbedRequest, VectorEmbedResponse>;
  readonly embedStream: Handler<EmbedRequest, VectorEmbedStreamResponse>;
}

export function embeddingHandlers(options: EmbeddingOptions): EmbeddingHandlers {
  const { limits } = options;
  const alsoCheck = (request: EmbedRequest, context: CallContext, report: Report): void => {
    const status = lookAt(context, options.models, { name: request.model, task: "embed" });
    if (status !== undefined) checkAgainst(request, status, report);
  };
  return {
    embed: validated(
      ruleOf("inferd.v1.EmbeddingService/Embed", limits),
      async function* (request, context) {
        const mostBytes = limits.maxResponseBytes;
        yield await collect(embed(request, context, { ...options, mostBytes }));
      },
      alsoCheck,
    ),
    embedStream: validated(
      ruleOf("inferd.v1.EmbeddingService/EmbedStream", limits),
      (request, context) => {
        const responses = embed(request, context, { ...options, mostBytes: Infinity });
        return request.unordered ? responses : inOrder(responses);
      },
      alsoCheck,
    ),
  };
}

type Response = VectorEmbedStreamResponse;

/** Gives each vector when it comes, in whatever order that is. */
async function* embed(
  request: EmbedRequest,
  context: CallContext,
  { models, limits, mostBytes }: EmbeddingOptions & { readonly mostBytes: number },
): AsyncGenerator<Response> {
  const wanted = { name: request.model, task: "embed" } as const;
  noteCall(context, request.call);
  const origin = originOf(context, request.call);
  const isAdmitted = await modelLoaded(context, models, {
    ...wanted,
    isWanted: waits(request, limits),
    user: origin.user,
    priority: origin.priority,
    tokens: () => queuePromptEstimate({ kind: "items", items: request.inputs }),
  });
  const model = resolveFor(context, models, wanted);
  context.record.inputs = request.inputs.length;
  const report = new Report();
  checkAgainst(request, model.status, report);
  report.throwIfAny();
  const job = jobOf(request, model.status);
  assertVectorsFit(answerOf(job, model.status), mostBytes);
  const due = new Set(request.inputs.keys());
  const run = model.run({ job, ...origin, isAdmitted });
  context.record.job = run.job;
  for await (const event of run) {
    switch (event.kind) {
      case "started":
        break;
      case "items":
        assertTexts(event.items, request, context);
        for (const item of event.items) {
          if (!due.delete(item.index)) throw new Error("the engine gave a vector that is not due");
          yield { event: { $case: "embedding", value: embeddingOf(item) } };
        }
        break;
      case "finish":
        if (due.size > 0) throw new Error("the engine ended without a vector for each text");
        yield { event: { $case: "finish", value: finishOf(event, model.status, context) } };
        break;
      case "failed":
        throw ServeError.fromData(event.error);
      case "piece":
        throw new Error("bug: an embedding job gave text");
    }
  }
}

/** Ends the call where texts have errors that it did not ask to be told one by one. */
function assertTexts(
  items: readonly EncodedItem[],
  { allowItemErrors }: EmbedRequest,
  { abort }: Pick<CallContext, "abort">,
): void {
  const error = allowItemErrors ? undefined : textError(items);
  if (error === undefined) return;
  // The job ends for this reason too, not because its events are no longer read.
  abort(error);
  throw error;
}

/** Checks what only the model knows. */
function checkAgainst(request: EmbedRequest, { info }: ModelStatus, report: Report): void {
  const embed = info?.tasks.embed;
  if (embed === undefined) return;
  checkDimensions(request, embed, report);
  checkPrompt(request, embed, report);
}

function checkDimensions({ dimensions }: EmbedRequest, info: EmbeddingInfo, report: Report): void {
  const most = info.dimensions;
  if (dimensions !== undefined && most > 0 && dimensions > most) {
    report.add("dimensions", "OUT_OF_RANGE", `must be at most ${most} for this model`);
  }
}

function checkPrompt({ promptName = "" }: EmbedRequest, info: EmbeddingInfo, report: Report): void {
  const names = info.prompts?.map(({ name }) => name) ?? [];
  if (promptName === "" || names.includes(promptName)) return;
  const known = names.length === 0 ? "it has none" : `it has ${names.join(", ")}`;
  report.add("prompt_name", "UNKNOWN_VALUE", `must name a prompt of this model: ${known}`);
}

function answerOf({ items, output }: EmbedJob, { info }: ModelStatus): VectorAnswer {
  const { dimensions = info?.tasks.embed?.dimensions ?? 0, encoding } = output;
  return { count: items.length, dimensions, encoding };
}

function jobOf(request: EmbedRequest, model: ModelStatus): EmbedJob {
  const { inputs, truncation, promptName } = request;
  return {
    kind: "items",
    task: "embed",
    items: inputs,
    truncate: truncationOf(truncation),
    ...(promptName !== undefined && { promptName }),
    output: formatOf(request, model),
  };
}

function formatOf(
  { normalize, dimensions, encoding }: EmbedRequest,
  { info }: ModelStatus,
): VectorFormat {
  return {
    normalize: normalize ?? info?.tasks.embed?.normalize ?? true,
    dimensions,
    encoding: encodingOf(encoding),
  };
}

function encodingOf(encoding: VectorEncoding): VectorFormat["encoding"] {
  switch (encoding) {
    case VectorEncoding.FLOAT16:
      return "float16";
    case VectorEncoding.INT8:
      return "int8";
    case VectorEncoding.UNSPECIFIED:
    case VectorEncoding.FLOAT32:
      return "float32";
  }
}

function embeddingOf(item: EncodedItem): VectorEmbedding {
  const { index, tokenCount, truncated } = item;
  return { index, value: valueOf(item), tokenCount, truncated };
}

function valueOf({ value, error }: EncodedItem): VectorValue {
  if (error !== undefined) {
    return { $case: "error", value: { reason: error.reason, message: error.message } };
  }
  switch (value.kind) {
    case "float32":
      return { $case: "float32", value: { values: value.values } };
    case "float16":
      return { $case: "float16", value: value.bytes };
    case "int8":
      return { $case: "int8", value: { values: value.bytes, scale: value.scale } };
  }
}

function finishOf(
  { usage, timings }: JobResult,
  model: ModelStatus,
  { requestId }: Pick<CallContext, "requestId">,
): EmbedFinish {
  return {
    usage: usageOf(usage),
    timings: embeddingTimings(timings),
    model: versionOf(model),
    requestId,
  };
}

/** Holds back vectors that came before their turn. They are at most as many as the texts. */
async function* inOrder(responses: AsyncIterable<Response>): AsyncGenerator<Response> {
  const early = new Map<number, Response>();
  let next = 0;
  for await (const response of responses) {
    const { event } = response;
    if (event.$case !== "embedding") {
      yield response;
      continue;
    }
    early.set(event.value.index, response);
    for (let due = early.get(next); due !== undefined; due = early.get(next)) {
      early.delete(next);
      next += 1;
      yield due;
    }
  }
}

async function collect(responses: AsyncIterable<Response>): Promise<VectorEmbedResponse> {
  const embeddings: VectorEmbedding[] = [];
  let finish: EmbedFinish | undefined;
  for await (const { event } of responses) {
    if (event.$case === "embedding") embeddings.push(event.value);
    else finish = event.value;
  }
  embeddings.sort((a, b) => a.index - b.index);
  return { embeddings, finish };
}
