/** Cross-encoders and classifiers in ONNX: models whose graph gives each text, or pair of texts, a row of scores. */
import { systemClock } from "../../base/clock.ts";
import type {
  Engine,
  EngineHost,
  ItemsJob,
  ItemValue,
  ModelInfo,
  ModelSource,
  TaskInfos,
} from "../engine.ts";
import { scoringTask } from "../sequence-classifier.ts";
import { Embedder } from "../texts/embedder.ts";
import { encodeWith } from "./encode-with.ts";
import { Encoder } from "./encoder.ts";
import type { EncoderFiles } from "./encoder-config.ts";
import type { ModelFile } from "./external-data.ts";
import { batchingOf, refuseTokenTypes } from "./fit.ts";
import { firstPositionOf, maxTokensOf, paddingIdOf } from "./limits.ts";
import { field, positive } from "./json.ts";
import type { ModelFolder } from "./model-folder.ts";
import { openTexts } from "./open-texts.ts";
import type { OnnxOptions } from "./options.ts";
import { pairTemplate } from "./pair-template.ts";
import { openPairs } from "../texts/pairs.ts";
import { scoringPortsOf } from "./ports.ts";
import { noPrompt } from "../texts/prompt.ts";
import { answerWith } from "./questions.ts";
import { runtimeInfo } from "./runtime-info.ts";
import { scoringConfig } from "./scoring-config.ts";
import type { ScoringConfig } from "./scoring-config.ts";
import { sentenceConfigOf } from "./sentence-config.ts";
import type { Sessions } from "./sessions.ts";
import type { Tokens } from "../texts/unread.ts";
import { readTrials } from "./trials.ts";
import { isNear, warmUp } from "../texts/warm-up.ts";

export interface ScorerParts extends ModelFile {
  readonly options: OnnxOptions;
  readonly folder: ModelFolder;
  readonly sessions: Sessions;
}

/** Whether a model's files say that it scores, and not that it embeds. */
export const statesScores = ({ model, pooling }: EncoderFiles): boolean =>
  pooling === undefined && scoringTask(model) !== undefined;

export async function loadScorer(
  source: ModelSource,
  host: EngineHost,
  { options, folder, sessions, operators, weights }: ScorerParts,
): Promise<Engine> {
  refuseEmbeddingOptions(options);
  const config = { ...scoringConfig(folder.files), ...textsOf(folder.files, source) };
  const texts = await openTexts(folder.tokenizer, config);
  const { tokenizer, vocabulary, vocabularySize, tokenBytes, tokens: alone } = texts;
  const template = await pairTemplate(vocabulary);
  const { maxTokens, hasTypes } = config;
  const tokens = openPairs({ tokens: alone, template, hasTypes, limit: maxTokens });

  const session = await sessions.get(source.threads);
  host.progress(0.8);
  const ports = scoringPortsOf(session);
  refuseTokenTypes(tokenizer, ports);
  const encoder = new Encoder({ ...config, ports, pool: noPooling, layers: [] });
  const warm = await warmUp({
    compute: (texts) => encoder.encode(session, texts),
    ...(await readTrials(alone, config.maxTokens)),
    pair: { ...(await readPair(tokens)), skipped: 0 },
    isSame: isNear,
    highestId: vocabularySize - 1,
    now: () => host.now(),
  });
  assertLabels(config, warm.dimensions);
  const batching = batchingOf(options, { operators, ...warm });
  host.progress(1);

  return new Embedder({
    info: { ...infoOf(source, config), vocabularySize, weights },
    tokens,
    promptOf: () => noPrompt,
    encode: encodeWith(encoder, { sessions, host, batching }),
    valueOf: (job, numbers) => valueOf(config, job, numbers),
    answer: (question) =>
      answerWith({ vocabulary, tokenBytes, promptOf: () => noPrompt }, question),
    close: () => sessions.close(),
    threads: source.threads,
    speed: warm.speed,
    clock: { now: () => host.now(), after: systemClock.after },
  });
}

function refuseEmbeddingOptions(options: OnnxOptions): void {
  const { pooling, output, normalize, rerank } = options;
  for (const [key, stated] of Object.entries({ pooling, output, normalize, rerank })) {
    if (stated === undefined) continue;
    throw new Error(`options.${key} is of models that embed, and this one gives scores`);
  }
}

function noPooling(): never {
  throw new Error("bug: scores are those of a text, and not of its tokens");
}

/** How the model's texts are read. */
function textsOf({ model, sentence, tokenizer }: EncoderFiles, { contextLength }: ModelSource) {
  const { maxTokens, lowercase } = sentenceConfigOf(sentence, "scores");
  const vocabularySize = positive(model, "vocab_size");
  const paddingId = paddingIdOf(model) ?? 0;
  return {
    maxTokens: maxTokensOf({ sentence: maxTokens, tokenizer, model }, contextLength),
    lowercase,
    hasTypes: hasTypes(tokenizer),
    vocabularySize,
    // Padding is masked out, so any id that the model knows is suitable. Every model knows zero.
    paddingId: paddingId < (vocabularySize ?? Infinity) ? paddingId : 0,
    firstPosition: firstPositionOf(model),
  };
}

/**
 * Whether transformers gives the model type ids, by its `tokenizer_config.json`. Where that
 * does not say, the class of tokenizers that belong to no model gives none, since transformers 5.
 */
function hasTypes(tokenizer: unknown): boolean {
  const names = field(tokenizer, "model_input_names");
  if (Array.isArray(names)) return names.includes("token_type_ids");
  return field(tokenizer, "tokenizer_class") !== "TokenizersBackend";
}

async function readPair(tokens: Tokens) {
  const [read] = await tokens.read([{ text: "a", pair: "a", truncate: "end" }]);
  if (read === undefined || read.error !== undefined) {
    throw new Error("the tokenizer makes no tokens of a pair of short texts");
  }
  return read;
}

function assertLabels({ labels }: ScoringConfig, scores: number): void {
  if (labels.length === scores) return;
  throw new Error(
    `config.json states ${labels.length} labels (id2label), and the graph gives ${scores} scores`,
  );
}

function infoOf(
  source: ModelSource,
  { labels, multiLabel, rank, maxTokens }: ScoringConfig & { readonly maxTokens: number },
): Omit<ModelInfo, "vocabularySize"> {
  const classify: TaskInfos["classify"] = { labels, multiLabel };
  return {
    tasks: { ...(rank !== undefined && { rerank: {} }), classify },
    contextLength: maxTokens,
    ...runtimeInfo(source),
  };
}

function valueOf(
  { rank, classify }: ScoringConfig,
  job: ItemsJob,
  numbers: Float32Array,
): ItemValue {
  switch (job.task) {
    case "rerank": {
      const number = numbers[0] ?? NaN;
      return { kind: "score", score: job.rawScores || !rank ? number : rank(number) };
    }
    case "classify":
      return { kind: "labels", scores: job.rawScores ? numbers : classify(numbers) };
    case "embed":
      throw new Error("bug: a model that scores was asked for vectors");
  }
}
