/** Generation: both methods are one core, which turns a job's events into a stream of messages. */
import { randomInt } from "node:crypto";
import {
  type Finish,
  FinishReason,
  type GenerateRequest,
  type GenerateResponse,
  type GenerateStreamResponse,
  type Piece,
  type Started,
} from "../../gen/inferd/v1/generation_service.ts";
import { ServeError } from "../base/errors.ts";
import type { CallContext, Handler } from "../calls/call.ts";
import type { Limits } from "../contract/limits.ts";
import { ruleOf } from "../contract/methods.ts";
import { Report } from "../contract/validation/report.ts";
import { validated } from "../contract/validation/validated.ts";
import type { CompletionJob, JobResult } from "../engines/engine.ts";
import { queuePromptEstimate } from "../jobs/token-estimates.ts";
import type { Models, ModelStatus } from "../models/model.ts";
import type { WorkerEvent } from "../workers/messages.ts";
import { assertTextFits } from "./answer-size.ts";
import { inputOf, promptToRepeat } from "./generation-input.ts";
import { generationTimings, truncationOf, usageOf, versionOf, waits } from "./messages.ts";
import { lookAt, modelLoaded, resolveFor } from "./model-access.ts";
import { cacheScopeOf, noteCall, originOf } from "./origin.ts";
import { checkSampling, outsideVocabulary, resolveSampling, vocabularyOf } from "./sampling.ts";

export interface GenerationOptions {
  readonly models: Models;
  readonly limits: Limits;
  /** Draws a seed from 0 to 4,294,967,294. Undefined takes the system's randomness. */
  readonly drawSeed?: () => number;
}

export interface GenerationHandlers {
  readonly generate: Handler<GenerateRequest, GenerateResponse>;
  readonly generateStream: Handler<GenerateRequest, GenerateStreamResponse>;
}

export function generationHandlers(options: GenerationOptions): GenerationHandlers {
  const { limits } = options;
  const stream = (request: GenerateRequest, context: CallContext) =>
    generate(request, context, options);
  const alsoCheck = (request: GenerateRequest, context: CallContext, report: Report): void => {
    const status = lookAt(context, options.models, { name: request.model, task: "generate" });
    if (status !== undefined) checkFields(request, status, report);
  };
  return {
    generate: validated(
      ruleOf("inferd.v1.GenerationService/Generate", limits),
      async function* (request, context) {
        const mostBytes = limits.maxResponseBytes;
        // What the caller can ask less of.
        const field = request.includePrompt ? "include_prompt" : "sampling.max_tokens";
        const fits = (bytes: number): void => assertTextFits(bytes, mostBytes, field);
        fits(Buffer.byteLength(promptToRepeat(request)));
        yield await collect(stream(request, context), fits);
      },
      alsoCheck,
    ),
    generateStream: validated(
      ruleOf("inferd.v1.GenerationService/GenerateStream", limits),
      stream,
      alsoCheck,
    ),
  };
}

interface Response extends GenerateStreamResponse {
  readonly event: NonNullable<GenerateStreamResponse["event"]>;
}

async function* generate(
  request: GenerateRequest,
  context: CallContext,
  options: GenerationOptions,
): AsyncGenerator<Response> {
  const wanted = { name: request.model, task: "generate" } as const;
  noteCall(context, request.call);
  const origin = originOf(context, request.call);
  const isAdmitted = await modelLoaded(context, options.models, {
    ...wanted,
    isWanted: waits(request, options.limits),
    user: origin.user,
    priority: origin.priority,
    tokens: () => queuePromptEstimate({ kind: "completion", input: inputOf(request) }),
  });
  const model = resolveFor(context, options.models, wanted);
  checkAgainst(request, model.status);
  const { job, seed } = jobOf(request, model.status, { ...options, caller: context.caller });
  const { requestId } = context;
  const started: Started = { model: versionOf(model.status), seed, requestId };
  const run = model.run({ job, ...origin, isAdmitted });
  context.record.job = run.job;
  let hasStarted = false;
  for await (const event of run) {
    if (!hasStarted) {
      hasStarted = true;
      yield { event: { $case: "started", value: started } };
      const prompt = promptToRepeat(request);
      if (prompt !== "") yield { event: { $case: "piece", value: { text: prompt, tokenIds: [] } } };
    }
    const response = responseOf(event, started);
    if (response !== undefined) yield response;
  }
}

/** Checks what only the model knows. Throws one error that names every wrong field. */
function checkAgainst(request: GenerateRequest, model: ModelStatus): void {
  const { input } = request;
  const { chat = false, chatFault: fault } = model.info?.tasks.generate ?? {};
  if (input?.$case === "chat" && !chat) {
    const { name } = model.manifest;
    const why = fault === undefined ? "has no chat template" : `takes no chat: ${fault}`;
    const message = `model ${name} ${why}; send a prompt, or set chat_template in its manifest`;
    throw new ServeError("NO_CHAT_TEMPLATE", message, { facts: { model: name } });
  }
  const report = new Report();
  checkFields(request, model, report);
  report.throwIfAny();
}

function checkFields(
  { input, sampling }: GenerateRequest,
  model: ModelStatus,
  report: Report,
): void {
  checkSampling(sampling, model, report);
  const vocabularySize = vocabularyOf(model);
  for (const [index, id] of input?.$case === "tokenIds" ? input.value.ids.entries() : []) {
    if (id < vocabularySize) continue;
    report.add(`token_ids.ids[${index}]`, "UNKNOWN_VALUE", outsideVocabulary(vocabularySize));
  }
}

function jobOf(
  request: GenerateRequest,
  model: ModelStatus,
  { limits, drawSeed, caller }: GenerationOptions & Pick<CallContext, "caller">,
): { readonly job: CompletionJob; readonly seed: bigint } {
  const draw = drawSeed ?? (() => randomInt(0, 2 ** 32 - 1));
  const resolved = resolveSampling(request.sampling, { model, limits, drawSeed: draw });
  const { seed, stop, sampling } = resolved;
  const job: CompletionJob = {
    kind: "completion",
    input: inputOf(request),
    sampling,
    stop,
    truncate: truncationOf(request.truncation),
    maxPromptTokens: limits.maxPromptTokens,
    returnTokenIds: request.returnTokenIds,
    cacheScope: cacheScopeOf(caller, request.call),
  };
  return { job, seed };
}

function responseOf(event: WorkerEvent, started: Started): Response | undefined {
  switch (event.kind) {
    case "started":
      return undefined;
    case "piece":
      return { event: { $case: "piece", value: pieceOf(event) } };
    case "finish":
      return { event: { $case: "finish", value: finishOf(event, started) } };
    case "failed":
      throw ServeError.fromData(event.error);
    case "items":
      throw new Error("bug: a completion job gave items");
  }
}

function pieceOf({
  text,
  tokenIds,
}: {
  readonly text: string;
  readonly tokenIds?: Uint32Array;
}): Piece {
  return { text, tokenIds: tokenIds === undefined ? [] : Array.from(tokenIds) };
}

const finishReasons = {
  stop: FinishReason.STOP,
  length: FinishReason.LENGTH,
  stop_sequence: FinishReason.STOP_SEQUENCE,
  cancelled: FinishReason.CANCELLED,
} as const;

function finishOf(
  { reason, stopSequence, usage, timings }: JobResult,
  { model, requestId }: Started,
): Finish {
  return {
    usage: usageOf(usage),
    timings: generationTimings(timings),
    model,
    requestId,
    reason: finishReasons[reason],
    stopSequence,
  };
}

/** A token id takes at most so many. */
const idBytes = 5;

/** `fits` throws where the answer has become too large. */
async function collect(
  responses: AsyncIterable<Response>,
  fits: (bytes: number) => void,
): Promise<GenerateResponse> {
  let bytes = 0;
  const texts: string[] = [];
  const tokenIds: number[] = [];
  let started: Started | undefined;
  let finish: Finish | undefined;
  for await (const { event } of responses) {
    const { $case, value } = event;
    if ($case === "started") started = value;
    else if ($case === "finish") finish = value;
    else {
      bytes += Buffer.byteLength(value.text) + value.tokenIds.length * idBytes;
      fits(bytes);
      texts.push(value.text);
      for (const id of value.tokenIds) tokenIds.push(id);
    }
  }
  if (finish === undefined) throw new Error("bug: a generation job ended without its finish");
  return { text: texts.join(""), tokenIds, finish, started };
}
