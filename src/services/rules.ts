/**
 * What every field of every request may hold, once. The same ranges stand in the proto's comments,
 * for callers. What depends on the model is checked by the service that resolved it.
 */
import {
  Encoding,
  type EmbedRequest,
  type EmbedStreamRequest,
} from "../../gen/inferd/v1/embedding_service.ts";
import {
  type Chat,
  type ChatMessage,
  type GenerateRequest,
  type GenerateStreamRequest,
  Role,
  type TokenIds,
} from "../../gen/inferd/v1/generation_service.ts";
import type { GetModelRequest, ListModelsRequest } from "../../gen/inferd/v1/model_service.ts";
import type { GetServerInfoRequest } from "../../gen/inferd/v1/server_service.ts";
import { type CallOptions, Priority, type Sampling, Truncate } from "../../gen/inferd/v1/types.ts";
import {
  known,
  list,
  message,
  number,
  numberMap,
  oneof,
  optional,
  pathOf,
  type Report,
  type Rule,
  type Rules,
  text,
  unbounded,
} from "../calls/validation.ts";
import type { Limits } from "./limits.ts";

const maxTextBytes = 4_194_304;
/** Of one chat. */
export const maxMessages = 1024;
const maxNameBytes = 128;
// Any number stands for at most what a page holds. In int32, larger ones are negative.
const maxPageSize = 2 ** 31 - 1;
const maxUint32 = 2 ** 32 - 1;
// No token that this server gives is longer.
const maxPageTokenBytes = 256;

const modelName = text(maxNameBytes, { mayBeEmpty: true });
const truncate = known(Truncate, { required: false });
const priority = known(Priority, { required: false });

const call = optional(message<CallOptions>({ waitForModel: unbounded }));

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
    tokens: message<TokenIds>({ ids }),
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
      seed: optional(number({ min: 0, max: 4_294_967_294 })),
      // More than the context or the server's limit has room for is as much as they have room for.
      maxTokens: optional(number({ min: 1, max: maxUint32 })),
      minTokens: unbounded,
      logitBias: numberMap(number({ min: -100, max: 100 }), limits.maxLogitBias),
      ignoreEos: unbounded,
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
    stop: list(text(limits.maxStopBytes, { mayBeEmpty: false }), { max: limits.maxStops }),
    includePrompt: unbounded,
    returnTokens: unbounded,
    truncate,
    priority,
    call,
  };
}

function promptIsText(request: GenerateRequest, at: string, report: Report): void {
  const kind = request.input?.$case;
  if (request.includePrompt && kind !== undefined && kind !== "prompt") {
    const description = `must not be set with ${kind}: it is for prompts`;
    report.add(pathOf(at, "includePrompt"), "CONFLICT", description);
  }
}

function embed(limits: Limits): Rules<EmbedRequest> {
  return {
    model: modelName,
    inputs: list(unbounded, { min: 1, max: limits.maxInputs }),
    normalize: unbounded,
    dimensions: optional(number({ min: 1, max: 1_000_000 })),
    truncate,
    encoding: known(Encoding, { required: false }),
    priority,
    promptName: optional(text(maxNameBytes, { mayBeEmpty: true })),
    call,
  };
}

/** The rule of each request, by its name in proto. */
export interface RequestRules {
  readonly GenerateRequest: Rule<GenerateRequest>;
  readonly GenerateStreamRequest: Rule<GenerateStreamRequest>;
  readonly EmbedRequest: Rule<EmbedRequest>;
  readonly EmbedStreamRequest: Rule<EmbedStreamRequest>;
  readonly ListModelsRequest: Rule<ListModelsRequest>;
  readonly GetModelRequest: Rule<GetModelRequest>;
  readonly GetServerInfoRequest: Rule<GetServerInfoRequest>;
}

export function requestRules(limits: Limits): RequestRules {
  return {
    GenerateRequest: message<GenerateRequest>(generate(limits), promptIsText),
    GenerateStreamRequest: message<GenerateStreamRequest>(generate(limits), promptIsText),
    EmbedRequest: message<EmbedRequest>(embed(limits)),
    EmbedStreamRequest: message<EmbedStreamRequest>({ ...embed(limits), unordered: unbounded }),
    ListModelsRequest: message<ListModelsRequest>({
      pageSize: number({ min: 0, max: maxPageSize }),
      pageToken: text(maxPageTokenBytes, { mayBeEmpty: true }),
    }),
    GetModelRequest: message<GetModelRequest>({ name: text(maxNameBytes, { mayBeEmpty: false }) }),
    GetServerInfoRequest: message<GetServerInfoRequest>({}),
  };
}
