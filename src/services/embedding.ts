/** Embeddings: both methods are one core. A text that fails fails its call, unless that asks for the others. */
import {
  type EmbedFinish,
  type EmbedRequest,
  VectorEncoding,
} from "../../gen/inferd/v1/embedding_service.ts";
import { ServeError } from "../base/errors.ts";
import { type CallContext, type Handler, noteStarted } from "../calls/call.ts";
import { Report, validated } from "../calls/validation.ts";
import type { EmbedJob, JobResult, ModelInfo } from "../engines/engine.ts";
import { promptTokensOf } from "../workers/token-counts.ts";
import type { Models, ModelStatus, Submission } from "../models/model.ts";
import type { EncodedVector, VectorShape } from "../workers/messages.ts";
import { estimateTokens, heldTokens, lookAt, metered, modelLoaded, resolveFor } from "./access.ts";
import { assertVectorsFit, type VectorAnswer } from "./answer-size.ts";
import type { Limits } from "./limits.ts";
import { embeddingTimings, truncationOf, usageOf, versionOf, waits } from "./messages.ts";
import { textError } from "./item-errors.ts";
import { noteCall, originOf } from "./origin.ts";
import { requestRules } from "./rules.ts";
import type {
  VectorEmbedding,
  VectorEmbedResponse,
  VectorEmbedStreamResponse,
  VectorValue,
} from "./vector-messages.ts";

export interface EmbeddingOptions {
  readonly models: Models;
  readonly limits: Limits;
}

export interface EmbeddingHandlers {
  readonly embed: Handler<EmbedRequest, VectorEmbedResponse>;
  readonly embedStream: Handler<EmbedRequest, VectorEmbedStreamResponse>;
}

export function embeddingHandlers(options: EmbeddingOptions): EmbeddingHandlers {
  const rules = requestRules(options.limits);
  const alsoCheck = (request: EmbedRequest, context: CallContext, report: Report): void => {
    const status = lookAt(context, options.models, { name: request.model, task: "embed" });
    if (status !== undefined) checkAgainst(request, status, report);
  };
  return {
    embed: validated(
      rules.EmbedRequest,
      async function* (request, context) {
        const mostBytes = options.limits.maxResponseBytes;
        yield await collect(embed(request, context, { ...options, mostBytes }));
      },
      alsoCheck,
    ),
    embedStream: validated(
      rules.EmbedRequest,
      async function* (request, context) {
        const events = embed(request, context, { ...options, mostBytes: Infinity });
        for await (const event of request.unordered ? events : inOrder(events)) yield { event };
      },
      alsoCheck,
    ),
  };
}

type Event = VectorEmbedStreamResponse["event"];

/** Gives each vector when it comes, in whatever order that is. */
async function* embed(
  request: EmbedRequest,
  context: CallContext,
  { models, limits, mostBytes }: EmbeddingOptions & { readonly mostBytes: number },
): AsyncGenerator<Event> {
  const wanted = { name: request.model, task: "embed" } as const;
  const job = jobOf(request);
  noteCall(context, request.call);
  const origin = originOf(context, request.call);
  const isAdmitted = await modelLoaded(context, models, {
    ...wanted,
    isWanted: waits(request, limits),
    user: origin.user,
    priority: origin.priority,
    tokens: () => heldTokens(estimateTokens(request.inputs)),
  });
  const model = resolveFor(context, models, wanted);
  context.record.inputs = request.inputs.length;
  const report = new Report();
  checkAgainst(request, model.status, report);
  report.throwIfAny();
  const shape = shapeOf(request, model.status);
  assertVectorsFit(answerOf(request, shape, model.status), mostBytes);
  const submission: Submission = {
    job,
    shape,
    ...origin,
    isAdmitted,
  };
  const due = new Set(request.inputs.keys());
  const estimate = { prompt: estimateTokens(request.inputs), completion: 0 };
  for await (const event of metered(context, estimate, () => model.run(submission))) {
    switch (event.kind) {
      case "started":
        noteStarted(context);
        break;
      case "vectors":
        // Stands where the job breaks off before it gives its result.
        context.record.promptTokens = (context.record.promptTokens ?? 0) + promptTokensOf(event);
        assertTexts(event.vectors, request, context);
        for (const vector of event.vectors) {
          if (!due.delete(vector.index))
            throw new Error("the engine gave a vector that is not due");
          yield { $case: "embedding", value: embeddingOf(vector, shape.encoding) };
        }
        break;
      case "finish":
        if (due.size > 0) throw new Error("the engine ended without a vector for each text");
        context.record.promptTokens = event.usage.promptTokens;
        context.record.queueMs = Math.round(event.timings.queueMs);
        yield { $case: "finish", value: finishOf(event, model.status, context) };
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
  vectors: readonly EncodedVector[],
  { allowItemErrors }: EmbedRequest,
  { abort }: Pick<CallContext, "abort">,
): void {
  const error = allowItemErrors ? undefined : textError(vectors);
  if (error === undefined) return;
  // The job ends for this reason too, not because its events are no longer read.
  abort(error);
  throw error;
}

/** Checks what only the model knows. */
function checkAgainst(request: EmbedRequest, { info }: ModelStatus, report: Report): void {
  if (info === undefined) return;
  checkDimensions(request, info, report);
  checkPrompt(request, info, report);
}

function checkDimensions({ dimensions }: EmbedRequest, info: ModelInfo, report: Report): void {
  const most = info.dimensions;
  if (dimensions !== undefined && most > 0 && dimensions > most) {
    report.add("dimensions", "OUT_OF_RANGE", `must be at most ${most} for this model`);
  }
}

function checkPrompt({ promptName = "" }: EmbedRequest, info: ModelInfo, report: Report): void {
  const names = info.prompts?.map(({ name }) => name) ?? [];
  if (promptName === "" || names.includes(promptName)) return;
  const known = names.length === 0 ? "it has none" : `it has ${names.join(", ")}`;
  report.add("prompt_name", "UNKNOWN_VALUE", `must name a prompt of this model: ${known}`);
}

function answerOf(
  { inputs }: EmbedRequest,
  { dimensions, encoding }: VectorShape,
  { info }: ModelStatus,
): VectorAnswer {
  return { count: inputs.length, dimensions: dimensions ?? info?.dimensions ?? 0, encoding };
}

function jobOf({ inputs, truncation, promptName }: EmbedRequest): EmbedJob {
  const prompt = promptName === undefined ? {} : { promptName };
  return { kind: "embed", texts: inputs, truncate: truncationOf(truncation), ...prompt };
}

function shapeOf(
  { normalize, dimensions, encoding }: EmbedRequest,
  { info }: ModelStatus,
): VectorShape {
  return {
    normalize: normalize ?? info?.normalize ?? true,
    dimensions,
    encoding: encodingOf(encoding),
  };
}

function encodingOf(encoding: VectorEncoding): VectorShape["encoding"] {
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

function embeddingOf(item: EncodedVector, encoding: VectorShape["encoding"]): VectorEmbedding {
  const { index, tokenCount, truncated } = item;
  return { index, value: valueOf(item, encoding), tokenCount, truncated };
}

function valueOf(item: EncodedVector, encoding: VectorShape["encoding"]): VectorValue {
  const { values, packed, scale, error } = item;
  if (error !== undefined) {
    return { $case: "error", value: { reason: error.reason, message: error.message } };
  }
  switch (encoding) {
    case "float32":
      return { $case: "float32", value: { values } };
    case "float16":
      return { $case: "float16", value: packed };
    case "int8":
      return { $case: "int8", value: { values: packed, scale } };
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
async function* inOrder(events: AsyncIterable<Event>): AsyncGenerator<Event> {
  const early = new Map<number, Event>();
  let next = 0;
  for await (const event of events) {
    if (event.$case === "finish") {
      yield event;
      continue;
    }
    early.set(event.value.index, event);
    for (let due = early.get(next); due !== undefined; due = early.get(next)) {
      early.delete(next);
      next += 1;
      yield due;
    }
  }
}

async function collect(events: AsyncIterable<Event>): Promise<VectorEmbedResponse> {
  const embeddings: VectorEmbedding[] = [];
  let finish: EmbedFinish | undefined;
  for await (const { $case, value } of events) {
    if ($case === "embedding") embeddings.push(value);
    else finish = value;
  }
  embeddings.sort((a, b) => a.index - b.index);
  return { embeddings, finish };
}
