/** What is asked in each method's calls, and whether an answer is whole. */
import {
  type Embedding,
  EmbedRequest,
  EmbedResponse,
  EmbedStreamResponse,
  EmbeddingServiceService,
} from "../../gen/inferd/v1/embedding_service.ts";
import {
  GenerateRequest,
  GenerateResponse,
  GenerateStreamResponse,
  GenerationServiceService,
} from "../../gen/inferd/v1/generation_service.ts";
import { ListModelsResponse, ModelServiceService } from "../../gen/inferd/v1/model_service.ts";
import { Priority, type Usage } from "../../gen/inferd/v1/types.ts";
import { type CallPlan, transient, models } from "./schedule.ts";

/** An answer, read whole. */
export interface Answer {
  /** Undefined where no model was asked. */
  readonly usage?: Usage | undefined;
  /** What is wrong with it. */
  readonly fault?: string | undefined;
}

type Read = (responses: readonly Buffer[], plan: CallPlan) => Answer;

const [generator, embedder] = models;
const dimensions = 384;

const readGenerate: Read = ([bytes = nothing]) => {
  const { tokenIds, finish } = GenerateResponse.decode(bytes);
  return generated(tokenIds.length, finish?.usage);
};

const readGenerateStream: Read = (responses) => {
  const events = responses.flatMap((bytes) => GenerateStreamResponse.decode(bytes).event ?? []);
  const tokens = events.flatMap((event) => (event.$case === "piece" ? event.value.tokenIds : []));
  const kinds = events.map(({ $case }) => $case);
  const last = events.at(-1);
  if (kinds.lastIndexOf("started") !== 0 || kinds.indexOf("finish") !== kinds.length - 1) {
    return { fault: `its events are ${kinds.join(", ")}` };
  }
  return generated(tokens.length, last?.$case === "finish" ? last.value.usage : undefined);
};

/** Tokens that came in a stream of text, also in one that breaks off. */
export function tokensIn(responses: readonly Buffer[]): number {
  const events = responses.flatMap((bytes) => GenerateStreamResponse.decode(bytes).event ?? []);
  return events.reduce(
    (sum, event) => sum + (event.$case === "piece" ? event.value.tokenIds.length : 0),
    0,
  );
}

const readEmbed: Read = ([bytes = nothing], plan) => {
  const { embeddings, finish } = EmbedResponse.decode(bytes);
  return embedded(embeddings, finish?.usage, plan);
};

const readEmbedStream: Read = (responses, plan) => {
  const events = responses.flatMap((bytes) => EmbedStreamResponse.decode(bytes).event ?? []);
  const vectors = events.flatMap((event) => (event.$case === "embedding" ? event.value : []));
  const last = events.at(-1);
  return embedded(vectors, last?.$case === "finish" ? last.value.usage : undefined, plan);
};

const readModels: Read = ([bytes = nothing]) => {
  const names = ListModelsResponse.decode(bytes).models.map(({ name }) => name);
  const known: readonly string[] = [...models, transient];
  const isRight =
    models.every((name) => names.includes(name)) && names.every((name) => known.includes(name));
  return isRight ? {} : { fault: `it names ${names.join(", ")}` };
};

const nothing = Buffer.alloc(0);
const generation = GenerationServiceService;
const embedding = EmbeddingServiceService;

export const methods = {
  generate: { ...generation.generate, model: generator, write: askForText, read: readGenerate },
  generateStream: {
    ...{ ...generation.generateStream, model: generator, write: askForText },
    read: readGenerateStream,
  },
  embed: { ...embedding.embed, model: embedder, write: askForVectors, read: readEmbed },
  embedStream: {
    ...{ ...embedding.embedStream, model: embedder, write: askForVectors },
    read: readEmbedStream,
  },
  listModels: {
    ...{ ...ModelServiceService.listModels, model: undefined, write: () => nothing },
    read: readModels,
  },
} as const;

/** The model that a call means; undefined where it means none. */
export function modelOf({ method, ofTransient }: CallPlan): string | undefined {
  return ofTransient === true ? transient : methods[method].model;
}

/** The texts of a call. They decide what it costs before anybody knows how many tokens they are. */
export function textsOf({ method, number, size, padding = 0 }: CallPlan): readonly string[] {
  const text = `Number ${number} asks: what does a model server do all day? ${" ".repeat(padding)}`;
  if (methods[method].model === generator) return [text];
  return Array.from({ length: size }, (_, index) => `${text}${index}`);
}

function askForText(plan: CallPlan): Uint8Array {
  const request = GenerateRequest.fromPartial({
    model: plan.ofTransient === true ? transient : generator,
    input: { $case: "prompt", value: textsOf(plan)[0] ?? "" },
    sampling: { maxTokens: plan.size, seed: BigInt(plan.number), ignoreEos: true },
    returnTokenIds: true,
    call: { priority: priorityOf(plan) },
  });
  return GenerateRequest.encode(request).finish();
}

function askForVectors(plan: CallPlan): Uint8Array {
  const request = EmbedRequest.fromPartial({
    model: embedder,
    inputs: textsOf(plan),
    call: { priority: priorityOf(plan) },
  });
  return EmbedRequest.encode(request).finish();
}

function lengthOf(value: Embedding["value"]): number {
  return value?.$case === "float32" ? value.value.values.length : 0;
}

/** A call that does not say it is of its key's priority. */
function priorityOf({ isBatch }: CallPlan): Priority {
  return isBatch === true ? Priority.BATCH : Priority.UNSPECIFIED;
}

function generated(tokens: number, usage: Usage | undefined): Answer {
  const counted = usage?.completionTokens;
  const fault = counted === tokens ? undefined : `${tokens} tokens came, ${counted} were counted`;
  return { usage, fault };
}

function embedded(
  vectors: EmbedResponse["embeddings"],
  usage: Usage | undefined,
  plan: CallPlan,
): Answer {
  const isWhole =
    usage !== undefined &&
    vectors.length === textsOf(plan).length &&
    vectors.every(({ index, value }, place) => index === place && lengthOf(value) === dimensions);
  return { usage, fault: isWhole ? undefined : "its vectors are not those of its texts" };
}
