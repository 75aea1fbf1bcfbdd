/** What is asked in each method's calls, and whether an answer is whole. */
import {
  EmbedRequest,
  EmbedResponse,
  EmbedStreamRequest,
  EmbedStreamResponse,
  EmbeddingServiceService,
} from "../../gen/inferd/v1/embedding_service.ts";
import {
  GenerateRequest,
  GenerateResponse,
  GenerateStreamRequest,
  GenerateStreamResponse,
  GenerationServiceService,
} from "../../gen/inferd/v1/generation_service.ts";
import {
  ListModelsRequest,
  ListModelsResponse,
  ModelServiceService,
} from "../../gen/inferd/v1/model_service.ts";
import type { Usage } from "../../gen/inferd/v1/types.ts";
import { type CallPlan, type Model, models } from "./schedule.ts";

/** An answer, read whole; without usage where it is not an answer to a job. */
export interface Answer {
  readonly usage?: Pick<Usage, "promptTokens" | "completionTokens"> | undefined;
  /** What is wrong with it. */
  readonly fault?: string | undefined;
}

interface Method {
  readonly path: string;
  readonly isStream: boolean;
  /** Undefined where no model is asked. */
  readonly model: Model | undefined;
  request(plan: CallPlan): Uint8Array;
  read(responses: readonly Buffer[], plan: CallPlan): Answer;
}

const [generator, embedder] = models;
const dimensions = 384;

export const methods: Readonly<Record<CallPlan["method"], Method>> = {
  generate: {
    path: GenerationServiceService.generate.path,
    isStream: false,
    model: generator,
    request: (plan) =>
      GenerateRequest.encode(GenerateRequest.fromPartial(generation(plan))).finish(),
    read: (responses) => {
      const { tokens, finish } = GenerateResponse.decode(only(responses));
      return generated(tokens.length, finish?.usage);
    },
  },
  generateStream: {
    path: GenerationServiceService.generateStream.path,
    isStream: true,
    model: generator,
    request: (plan) =>
      GenerateStreamRequest.encode(GenerateStreamRequest.fromPartial(generation(plan))).finish(),
    read: (responses) => {
      const events = responses.map((bytes) => GenerateStreamResponse.decode(bytes).event);
      const finish = events.at(-1);
      const tokens = events.flatMap((e) => (e?.$case === "piece" ? e.value.tokens : [])).length;
      const kinds = events.map((event) => event?.$case);
      if (kinds.indexOf("started") !== 0 || kinds.indexOf("finish") !== kinds.length - 1) {
        return { fault: `its events are ${[...new Set(kinds)].join(", ")}` };
      }
      return generated(tokens, finish?.$case === "finish" ? finish.value.usage : undefined);
    },
  },
  embed: {
    path: EmbeddingServiceService.embed.path,
    isStream: false,
    model: embedder,
    request: (plan) => EmbedRequest.encode(EmbedRequest.fromPartial(embedding(plan))).finish(),
    read: (responses, plan) => {
      const { embeddings, usage } = EmbedResponse.decode(only(responses));
      return { usage, fault: vectorFault(embeddings, plan) };
    },
  },
  embedStream: {
    path: EmbeddingServiceService.embedStream.path,
    isStream: true,
    model: embedder,
    request: (plan) =>
      EmbedStreamRequest.encode(EmbedStreamRequest.fromPartial(embedding(plan))).finish(),
    read: (responses, plan) => {
      const events = responses.map((bytes) => EmbedStreamResponse.decode(bytes).event);
      const vectors = events.flatMap((each) => (each?.$case === "embedding" ? each.value : []));
      const finish = events.at(-1);
      if (finish?.$case !== "finish") return { fault: "its last event is no finish" };
      return { usage: finish.value.usage, fault: vectorFault(vectors, plan) };
    },
  },
  listModels: {
    path: ModelServiceService.listModels.path,
    isStream: false,
    model: undefined,
    request: () => ListModelsRequest.encode(ListModelsRequest.fromPartial({})).finish(),
    read: (responses) => {
      const { length } = ListModelsResponse.decode(only(responses)).models;
      return { fault: length === models.length ? undefined : `it names ${length} models` };
    },
  },
};

/** The texts of a call. Only they decide what its caller pays before it is known how many tokens they are. */
export function textsOf({ method, number, size }: CallPlan): readonly string[] {
  const text = `Number ${number} asks: what does a model server do all day? `;
  if (method === "generate" || method === "generateStream") return [text];
  return Array.from({ length: size }, (_, index) => `${text}${index}`);
}

function generation(plan: CallPlan) {
  return {
    model: generator,
    input: { $case: "prompt", value: textsOf(plan)[0] ?? "" },
    sampling: { maxTokens: plan.size, seed: plan.number, ignoreEos: true },
    returnTokens: true,
  } as const;
}

function embedding(plan: CallPlan) {
  return { model: embedder, inputs: textsOf(plan) };
}

function generated(tokens: number, usage: Usage | undefined): Answer {
  const counted = usage?.completionTokens;
  const fault = counted === tokens ? undefined : `${tokens} tokens came, ${counted} were counted`;
  return { usage, fault };
}

interface Vector {
  readonly index: number;
  readonly vector: readonly number[];
}

function vectorFault(vectors: readonly Vector[], plan: CallPlan): string | undefined {
  const isWhole = vectors.every(
    ({ index, vector }, place) => index === place && vector.length === dimensions,
  );
  if (isWhole && vectors.length === textsOf(plan).length) return undefined;
  return "its vectors are not those of its texts";
}

function only(responses: readonly Buffer[]): Buffer {
  return responses[0] ?? Buffer.alloc(0);
}
