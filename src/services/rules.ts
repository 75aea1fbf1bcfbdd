/**
 * What every field of every request may hold, once. The same ranges stand in the proto's comments,
 * for callers. What depends on the model is checked by the service that resolved it.
 */
import { type EmbedRequest, VectorEncoding } from "../../gen/inferd/v1/embedding_service.ts";
import {
  type Chat,
  type ChatMessage,
  type GenerateRequest,
  Role,
  type TokenIds,
} from "../../gen/inferd/v1/generation_service.ts";
import type { GetModelRequest, ListModelsRequest } from "../../gen/inferd/v1/model_service.ts";
import type { GetServerInfoRequest } from "../../gen/inferd/v1/server_service.ts";
import {
  type CallOptions,
  Priority,
  type Sampling,
  Truncation,
} from "../../gen/inferd/v1/types.ts";
import {
  known,
  list,
  message,
  number,
  numberMap,
  oneof,
  optional,
  pathOf,
  protoName,
  type Report,
  type Rule,
  type Rules,
  text,
  textMap,
  unbounded,
} from "../calls/validation.ts";
import type { Limits } from "./limits.ts";

const maxTextBytes = 4_194_304;
/** Of one chat. */
export const maxMessages = 1024;
const maxNameBytes = 128;
/** Of one call. */
export const maxLabels = 16;
const [maxLabelKeyBytes, maxLabelBytes] = [64, 256];
const maxUserBytes = 128;
const maxSaltBytes = 128;
const maxInt32 = 2 ** 31 - 1;
const maxUint32 = 2 ** 32 - 1;
// No token that this server gives is longer.
const maxPageTokenBytes = 256;

const modelName = text(maxNameBytes, { mayBeEmpty: true });
const truncation = known(Truncation, { required: false });

const call = optional(
  message<CallOptions>({
    priority: known(Priority, { required: false }),
    user: text(maxUserBytes, { mayBeEmpty: true }),
    labels: textMap({
      maxEntries: maxLabels,
      maxKeyBytes: maxLabelKeyBytes,
      maxBytes: maxLabelBytes,
    }),
    cacheSalt: text(maxSaltBytes, { mayBeEmpty: true }),
    waitForModel: unbounded,
  }),
);

const chat = message<Chat>({
  messages: list(
    message<ChatMessage>({
      role: known(Role, { required: true }),
      content: text(maxTextBytes, { mayBeEmpty: true }),
    }),
    { min: 1, max: maxMessages },
  ),
});

type GenerateInput = NonNullable<GenerateRequest["input"]>;

function input({ maxPromptTokens }: Limits): Rule<GenerateRequest["input"]> {
  // No end is cut off here, as it is of texts: who counts tokens can cut them.
  const ids = list(unbounded, { min: 1, max: maxPromptTokens });
  return oneof<GenerateInput>("input", {
    prompt: text(maxTextBytes, { mayBeEmpty: false }),
    chat,
    tokenIds: message<TokenIds>({ ids }),
  });
}

function sampling(limits: Limits): Rule<Sampling> {
  return message<Sampling>(
    {
      temperature: optional(number({ min: 0, max: 2 })),
      topK: optional(number({ min: 0, max: 1_000_000 })),
      topP: optional(number({ min: 0, max: 1, above: true })),
      minP: optional(number({ min: 0, max: 1 })),
      typicalP: optional(number({ min: 0, max: 1, above: true })),
      repetitionPenalty: optional(number({ min: 0, max: 10, above: true })),
      presencePenalty: optional(number({ min: -2, max: 2 })),
      frequencyPenalty: optional(number({ min: -2, max: 2 })),
      penaltyLastN: optional(number({ min: 0, max: 1_000_000 })),
      seed: unbounded,
      // More than the context or the server's limit has room for is as much as they have room for.
      maxTokens: optional(number({ min: 1, max: maxUint32 })),
      minTokens: unbounded,
      logitBias: numberMap(number({ min: -100, max: 100 }), limits.maxLogitBias),
      ignoreEos: unbounded,
      stop: list(text(limits.maxStopBytes, { mayBeEmpty: false }), { max: limits.maxStops }),
    },
    ({ minTokens, maxTokens }, at, report) => {
      if (minTokens !== undefined && maxTokens !== undefined && minTokens > maxTokens) {
        report.add(pathOf(at, "minTokens"), "CONFLICT", "must be at most max_tokens");
      }
    },
  );
}

function generate(limits: Limits): Rules<GenerateRequest> {
  return {
    model: modelName,
    input: input(limits),
    sampling: optional(sampling(limits)),
    includePrompt: unbounded,
    returnTokenIds: unbounded,
    truncation,
    call,
  };
}

function promptIsText(request: GenerateRequest, at: string, report: Report): void {
  const kind = request.input?.$case;
  if (request.includePrompt && kind !== undefined && kind !== "prompt") {
    const description = `must not be set with ${protoName(kind)}: it is for prompts`;
    report.add(pathOf(at, "includePrompt"), "CONFLICT", description);
  }
}

function embed(limits: Limits): Rules<EmbedRequest> {
  return {
    model: modelName,
    inputs: list(unbounded, { min: 1, max: limits.maxInputs }),
    normalize: unbounded,
    dimensions: optional(number({ min: 1, max: 1_000_000 })),
    truncation,
    encoding: known(VectorEncoding, { required: false }),
    allowItemErrors: unbounded,
    unordered: unbounded,
    promptName: optional(text(maxNameBytes, { mayBeEmpty: true })),
    call,
  };
}

/** The rule of each request, by its name in proto. */
export interface RequestRules {
  readonly GenerateRequest: Rule<GenerateRequest>;
  readonly EmbedRequest: Rule<EmbedRequest>;
  readonly ListModelsRequest: Rule<ListModelsRequest>;
  readonly GetModelRequest: Rule<GetModelRequest>;
  readonly GetServerInfoRequest: Rule<GetServerInfoRequest>;
}

export function requestRules(limits: Limits): RequestRules {
  return {
    GenerateRequest: message<GenerateRequest>(generate(limits), promptIsText),
    EmbedRequest: message<EmbedRequest>(embed(limits)),
    ListModelsRequest: message<ListModelsRequest>({
      pageSize: number({ min: 0, max: maxInt32 }),
      pageToken: text(maxPageTokenBytes, { mayBeEmpty: true }),
    }),
    GetModelRequest: message<GetModelRequest>({ name: text(maxNameBytes, { mayBeEmpty: false }) }),
    GetServerInfoRequest: message<GetServerInfoRequest>({}),
  };
}
