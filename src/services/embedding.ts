/** Embeddings: both methods are one core. A text that fails fails its call, unless that asks for the others. */
import type { EmbedFinish, EmbedRequest } from "../../gen/inferd/v1/embedding_service.ts";
import type { CallContext, Handler } from "../calls/call.ts";
import type { Limits } from "../contract/limits.ts";
import { ruleOf } from "../contract/methods.ts";
import { Report } from "../contract/validation/report.ts";
import { validated } from "../contract/validation/validated.ts";
import { queuePromptEstimate } from "../jobs/token-estimates.ts";
import type { Models } from "../models/model.ts";
import { assertVectorsFit } from "./answer-size.ts";
import { AnswerSizes } from "./answer-sizes.ts";
import { modelFor } from "./call-model.ts";
import { answerOf, checkAgainst, inputField, inputsOf, jobOf } from "./embedding-job.ts";
import { embeddingOf } from "./embedding-messages.ts";
import type {
  VectorEmbedding,
  VectorEmbedResponse,
  VectorEmbedStreamResponse,
} from "./embedding-types.ts";
import { itemsReader } from "./items-reader.ts";
import { lookAt } from "./model-access.ts";

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
  const items = inputsOf(request);
  const tokens = () => queuePromptEstimate({ kind: "items", task: "embed", items });
  const model = await modelFor(request, context, { models, limits, task: "embed", tokens });
  const { status } = model;
  context.record.inputs = items.length;
  const report = new Report();
  checkAgainst(request, status, report);
  report.throwIfAny();
  const job = jobOf(request, status);
  const field = inputField(request);
  const answer = answerOf(request, job, status);
  if (answer !== undefined) assertVectorsFit(answer, mostBytes);
  const sizes = new AnswerSizes({ field, mostBytes, mostItemBytes: limits.maxResponseBytes });
  const read = itemsReader({ job, status, request, context, field });
  for await (const event of model.start(job)) {
    const given = read(event);
    for (const item of given.items ?? []) {
      const value = embeddingOf(item);
      if (answer === undefined) sizes.add(value);
      yield { event: { $case: "embedding", value } };
    }
    if (given.finish) yield { event: { $case: "finish", value: given.finish } };
  }
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
