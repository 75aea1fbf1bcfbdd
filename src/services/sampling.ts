/** Resolves sampling: what the request says, else the model's manifest, else the proto's own default. */
import type { Sampling as SamplingMessage } from "../../gen/inferd/v1/types.ts";
import { pathOf, type Report } from "../calls/validation.ts";
import type { Sampling } from "../engines/engine.ts";
import type { ModelStatus } from "../models/model.ts";
import type { Limits } from "./limits.ts";

/** What `types.proto` states for each field, but for the two that depend on more: seed and max_tokens. */
export const protoDefaults = {
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
export type ModelSampling = Omit<Sampling, "seed" | "logitBias"> & { readonly seed?: number };

export function samplingOf(model: ModelStatus, limits: Limits): ModelSampling {
  const { manifest, info } = model;
  const most = Math.min(maxTokensOf(model, limits), info?.contextLength ?? Infinity);
  const stated = { ...protoDefaults, maxTokens: most, ...manifest.sampling };
  return { ...stated, maxTokens: Math.min(stated.maxTokens, most) };
}

/** Reports what this model's own limits forbid, which the table of rules cannot know. */
export function checkSampling(
  request: SamplingMessage | undefined,
  model: ModelStatus,
  context: { readonly limits: Limits; readonly report: Report },
): void {
  if (request === undefined) return;
  const { limits, report } = context;
  const most = maxTokensOf(model, limits);
  const maxTokens = request.maxTokens ?? samplingOf(model, limits).maxTokens;
  if (maxTokens > most) {
    report.add(pathOf("sampling", "maxTokens"), `must be at most ${most} for this model`);
  }
  if (request.minTokens !== undefined && request.minTokens > maxTokens) {
    report.add(pathOf("sampling", "minTokens"), `must be at most max_tokens, ${maxTokens}`);
  }
  const vocabularySize = vocabularyOf(model);
  for (const id of Object.keys(request.logitBias)) {
    if (Number(id) >= vocabularySize) {
      report.add(`sampling.logit_bias[${id}]`, outsideVocabulary(vocabularySize));
    }
  }
}

/** Every field decided. `drawSeed` gives a seed where neither the request nor the model has one. */
export function resolveSampling(
  request: SamplingMessage | undefined,
  model: ModelSampling,
  drawSeed: () => number,
): Sampling {
  const take = <K extends keyof typeof protoDefaults | "maxTokens">(field: K) =>
    request?.[field] ?? model[field];
  const maxTokens = take("maxTokens");
  return {
    temperature: take("temperature"),
    topK: take("topK"),
    topP: take("topP"),
    minP: take("minP"),
    typicalP: take("typicalP"),
    repetitionPenalty: take("repetitionPenalty"),
    presencePenalty: take("presencePenalty"),
    frequencyPenalty: take("frequencyPenalty"),
    penaltyLastN: take("penaltyLastN"),
    seed: request?.seed ?? model.seed ?? drawSeed(),
    maxTokens,
    // A manifest's minimum yields to a caller who wants less.
    minTokens: Math.min(take("minTokens"), maxTokens),
    logitBias: biasOf(request),
    ignoreEos: take("ignoreEos"),
  };
}

/** How many token ids a model knows; Infinity where it states none. */
export function vocabularyOf({ info }: ModelStatus): number {
  return info === undefined || info.vocabularySize === 0 ? Infinity : info.vocabularySize;
}

export function outsideVocabulary(vocabularySize: number): string {
  return `must be a token id of this model, below ${vocabularySize}`;
}

/** The most tokens that a call may ask of this model. */
function maxTokensOf({ manifest }: ModelStatus, limits: Limits): number {
  return Math.min(limits.maxTokens, manifest.limits.maxTokens ?? Infinity);
}

function biasOf(request: SamplingMessage | undefined): ReadonlyMap<number, number> {
  return new Map(Object.entries(request?.logitBias ?? {}).map(([id, bias]) => [Number(id), bias]));
}
