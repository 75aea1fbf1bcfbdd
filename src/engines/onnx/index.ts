/** Text models in ONNX, in the layout of sentence-transformers: those that embed here, those that score in scorer.ts. */
import { systemClock } from "../../base/clock.ts";
import type { EmbeddingInfo, LoadEngine, ModelInfo, ModelSource, TextBatching } from "../engine.ts";
import { ranking } from "../texts/cosine-ranker.ts";
import { Embedder } from "../texts/embedder.ts";
import { encodeWith } from "./encode-with.ts";
import { Encoder } from "./encoder.ts";
import { encoderConfig } from "./encoder-config.ts";
import type { EncoderConfig } from "./encoder-config.ts";
import { checkModelFile } from "./external-data.ts";
import { batchingOf, layersFor, refuseTokenTypes } from "./fit.ts";
import { readFolder } from "./model-folder.ts";
import { openTexts } from "./open-texts.ts";
import { optionsOf } from "./options.ts";
import { givesScores, portsOf } from "./ports.ts";
import { openPrompts } from "./prompt-table.ts";
import { answerWith } from "./questions.ts";
import { runtimeInfo } from "./runtime-info.ts";
import { loadScorer, statesScores } from "./scorer.ts";
import { Sessions } from "./sessions.ts";
import { textPoolingOf } from "./text-pooling.ts";
import type { EncodedText, Tokens } from "../texts/unread.ts";
import { readTrials } from "./trials.ts";
import { vectorFactsOf, vectorValueOf } from "./vector-values.ts";
import type { VectorFacts } from "./vector-values.ts";
import { warmUp } from "../texts/warm-up.ts";

export const load: LoadEngine = async (source, host) => {
  const options = optionsOf(source);
  const folder = await readFolder(source);
  const file = checkModelFile(folder.model);
  const { operators, weights } = file;
  const sessions = new Sessions(folder.model);
  if (statesScores(folder.files) && givesScores(await sessions.get(source.threads))) {
    return loadScorer(source, host, { ...file, options, folder, sessions });
  }
  const config = encoderConfig(folder.files, { ...options, contextLength: source.contextLength });
  const texts = await openTexts(folder.tokenizer, config);
  const { tokenizer, vocabulary, vocabularySize, tokenBytes, tokens } = texts;
  const promptOf = await openPrompts({ ...config, tokenizer, read: readerOf(tokens) });
  host.progress(0.2);

  const session = await sessions.get(source.threads);
  host.progress(0.8);
  const isSparse = config.splade !== undefined;
  const ports = portsOf(session, { ...options, architectures: config.architectures, isSparse });
  refuseTokenTypes(tokenizer, ports);
  const { name: pooling, pool } = textPoolingOf(ports, config, options);
  const layers = layersFor(ports, folder.layers);
  const encoder = new Encoder({ ...config, ports, pool, layers });
  const compute = (texts: readonly EncodedText[]) => encoder.encode(session, texts);
  const trials = await readTrials(tokens, config.maxTokens);
  const warm = await warmUp({
    compute,
    ...trials,
    highestId: vocabularySize - 1,
    now: () => host.now(),
  });
  const batching = batchingOf(options, { operators, ...warm });
  const kind = { ...config, ...ports, isSparse, compute };
  const facts = await vectorFactsOf(kind, trials.usual);
  host.progress(1);

  const engine = new Embedder({
    info: infoOf(source, { ...config, ...warm, facts, pooling, batching, vocabularySize, weights }),
    tokens,
    promptOf,
    encode: encodeWith(encoder, { sessions, host, batching }),
    valueOf: (job, values) => vectorValueOf(facts, job, values),
    answer: (question) => answerWith({ vocabulary, tokenBytes, promptOf }, question),
    close: () => sessions.close(),
    threads: source.threads,
    speed: warm.speed,
    clock: { now: () => host.now(), after: systemClock.after },
  });
  return ranking(engine, options.rerank);
};

/** A text's tokens. Fails if it has more than the model takes. */
function readerOf(tokens: Tokens) {
  return async (text: string): Promise<readonly number[]> => {
    const [read] = await tokens.read([{ text, truncate: "none" }]);
    if (read === undefined || read.error !== undefined) throw new Error(read?.error?.message);
    return read.ids;
  };
}

interface Loaded extends Omit<EncoderConfig, "pooling" | "vocabularySize"> {
  readonly pooling: string;
  readonly facts: VectorFacts;
  readonly dimensions: number;
  readonly vocabularySize: number;
  readonly batching: TextBatching;
  readonly weights: NonNullable<ModelInfo["weights"]>;
}

function infoOf(source: ModelSource, model: Loaded): ModelInfo {
  return {
    tasks: { embed: embeddingOf(model) },
    contextLength: model.maxTokens,
    vocabularySize: model.vocabularySize,
    ...runtimeInfo(source),
    weights: model.weights,
  };
}

function embeddingOf({ defaultPrompt, pooling, ...model }: Loaded): EmbeddingInfo {
  return {
    dimensions: model.dimensions,
    pooling,
    ...model.facts,
    prompts: model.prompts,
    ...(defaultPrompt !== undefined && { defaultPrompt }),
    normalize: model.normalize,
    takesTokenIds: true,
    batching: model.batching,
  };
}
