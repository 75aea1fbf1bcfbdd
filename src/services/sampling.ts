/** Resolves sampling: what the request says, else the model's manifest, else the proto's own default. */
import type { Sampling as SamplingMessage } from "../../gen/inferd/v1/types.ts";
import type { Limits } from "../contract/limits.ts";
import { pathOf } from "../contract/validation/messages.ts";
import type { Report } from "../contract/validation/report.ts";
import type { CompletionJob, Sampling } from "../engines/engine.ts";
import type { ModelStatus } from "../models/model.ts";
import { foldSeed } from "./seed.ts";
import { outsideVocabulary, vocabularyOf } from "./vocabulary.ts";

/** What `types.proto` states for each field, but for the two that depend on more: seed and max_tokens. */
const protoDefaults = {
  temperature: 0.8,
  topK: 40,
  topP: 0.95,
  minP: 0.05,
  typicalP: 1,
  repetitionPenalty: 1,
  presencePenalty: 0,
  frequencyPenalty: 0,
  penaltyLastN: 64,
  minTokens: 0,
  ignoreEos: false,
} as const satisfies Partial<Sampling>;

/** What a call takes for each field that it leaves unset. No seed stands for a random one. */
export type ModelSampling = Omit<Sampling, "seed" | "logitBias"> & {
  readonly seed?: number;
  readonly stop: readonly string[];
};

export function samplingOf(model: ModelStatus, limits: Limits): ModelSampling {
  const most = mostTokensOf(model, limits);
  const stated = { ...protoDefaults, stop: [], maxTokens: most, ...model.manifest.sampling };
  return { ...stated, maxTokens: Math.min(stated.maxTokens, most) };
}

/** Reports what this model's own limits forbid, which the table of rules cannot know. */
export function checkSampling(
  request: SamplingMessage | undefined,
  model: ModelStatus,
  report: Report,
): void {
  if (request === undefined) return;
  const most = request.maxTokens ?? model.manifest.sampling.maxTokens;
  if (request.minTokens !== undefined && most !== undefined && request.minTokens > most) {
    report.add(pathOf("sampling", "minTokens"), "CONFLICT", `must be at most max_tokens, ${most}`);
  }
  const vocabularySize = vocabularyOf(model);
  for (const id of Object.keys(request.logitBias)) {
    if (Number(id) >= vocabularySize) {
      const description = outsideVocabulary(vocabularySize);
      report.add(`sampling.logit_bias[${id}]`, "UNKNOWN_VALUE", description);
    }
  }
}

export interface SamplingContext {
  readonly model: ModelStatus;
  readonly limits: Limits;
  /** Gives a seed where neither the request nor the model has one. */
  readonly drawSeed: () => number;
}

/** What a job is given, and the seed as its caller knows it. */
export interface ResolvedSampling extends Pick<CompletionJob, "sampling" | "stop"> {
  readonly seed: bigint;
}

/** Every field decided. A call that asks for more tokens than there may be gets as many as there may be. */
export function resolveSampling(
  request: SamplingMessage | undefined,
  { model: status, limits, drawSeed }: SamplingContext,
): ResolvedSampling {
  const model = samplingOf(status, limits);
  const take = <K extends keyof typeof protoDefaults | "maxTokens">(field: K) =>
    request?.[field] ?? model[field];
  const maxTokens = Math.min(take("maxTokens"), mostTokensOf(status, limits));
  const seed = request?.seed ?? BigInt(model.seed ?? drawSeed());
  const sampling: Sampling = {
    temperature: take("temperature"),
    topK: take("topK"),
    topP: take("topP"),
    minP: take("minP"),
    typicalP: take("typicalP"),
    repetitionPenalty: take("repetitionPenalty"),
    presencePenalty: take("presencePenalty"),
    frequencyPenalty: take("frequencyPenalty"),
    penaltyLastN: take("penaltyLastN"),
    seed: foldSeed(seed),
    maxTokens,
    // A manifest's minimum yields to a caller who wants less, and any to what there is room for.
    minTokens: Math.min(take("minTokens"), maxTokens),
    logitBias: biasOf(request),
    ignoreEos: take("ignoreEos"),
  };
  const stop = request === undefined || request.stop.length === 0 ? model.stop : request.stop;
  return { sampling, stop, seed };
}

/** The most tokens that a call can have of this model. */
function mostTokensOf({ manifest, info }: ModelStatus, limits: Limits): number {
  const { maxTokens = Infinity } = manifest.limits;
  return Math.min(limits.maxTokens, maxTokens, info?.contextLength ?? Infinity);
}

function biasOf(request: SamplingMessage | undefined): ReadonlyMap<number, number> {
  return new Map(Object.entries(request?.logitBias ?? {}).map(([id, bias]) => [Number(id), bias]));
}
