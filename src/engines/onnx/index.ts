/** Sentence-embedding models in ONNX, in the layout of sentence-transformers. */
import { env } from "onnxruntime-node";
import { systemClock } from "../../base/clock.ts";
import { errorMessage } from "../../base/text.ts";
import type {
  EmbeddingInfo,
  EngineHost,
  LoadEngine,
  ModelInfo,
  ModelSource,
  TextBatching,
} from "../engine.ts";
import { everyByte, mixedScripts } from "../trial-texts.ts";
import { Embedder } from "./embedder.ts";
import { Encoder } from "./encoder.ts";
import type { EncodedText } from "./encoder.ts";
import { encoderConfig } from "./encoder-config.ts";
import type { EncoderConfig } from "./encoder-config.ts";
import { checkModelFile } from "./external-data.ts";
import { batchingOf, layersFor, poolingFor, refuseTokenTypes } from "./fit.ts";
import { computeEach } from "./isolation.ts";
import type { Computed } from "./isolation.ts";
import { lowerCased } from "./lower-case.ts";
import { readFolder } from "./model-folder.ts";
import { optionsOf } from "./options.ts";
import type { Pooling } from "./pooling.ts";
import { portsOf } from "./ports.ts";
import { openPrompts } from "./prompt-table.ts";
import { answerWith } from "./questions.ts";
import { Sessions } from "./sessions.ts";
import { openTokenBytes } from "./token-bytes.ts";
import { checkTokenIds } from "./token-ids.ts";
import { openTokens } from "./tokens.ts";
import type { Tokens } from "./tokens.ts";
import { openVocabulary } from "./vocabulary.ts";
import { warmUp } from "./warm-up.ts";

/** Jobs that the engine holds at once: with more jobs, more texts of one length are found. */
const defaultSlots = 64;

export const load: LoadEngine = async (source, host) => {
  const options = optionsOf(source);
  const folder = await readFolder(source);
  const { operators, weights } = checkModelFile(folder.model);
  const config = encoderConfig(folder.files, { ...options, contextLength: source.contextLength });
  checkTokenIds(folder.tokenizer, config.vocabularySize);
  const tokenizer = config.lowercase ? lowerCased(folder.tokenizer) : folder.tokenizer;
  const { vocabulary, vocabularySize } = openVocabulary(JSON.stringify(tokenizer));
  const tokenBytes = openTokenBytes(tokenizer);
  const tokens = await openTokens(vocabulary, config.maxTokens);
  const promptOf = await openPrompts({ ...config, tokenizer, read: readerOf(tokens) });
  host.progress(0.2);

  const sessions = new Sessions(folder.model);
  const session = await sessions.get(source.threads);
  host.progress(0.8);
  const ports = portsOf(session, { ...options, architectures: config.architectures });
  refuseTokenTypes(tokenizer, ports);
  const pooling = poolingFor(ports, config, options);
  const layers = layersFor(ports, folder.layers);
  const encoder = new Encoder({ ...config, ports, pooling, layers });
  const warm = await warmUp({
    compute: (texts) => encoder.encode(session, texts),
    ...(await readTrials(tokens, config.maxTokens)),
    highestId: vocabularySize - 1,
    now: () => host.now(),
  });
  const batching = batchingOf(options, { operators, ...warm });
  host.progress(1);

  return new Embedder({
    info: infoOf(source, { ...config, ...warm, pooling, batching, vocabularySize, weights }),
    tokens,
    promptOf,
    encode: encodeWith(encoder, { sessions, host, batching }),
    answer: (question) => answerWith({ vocabulary, tokenBytes, promptOf }, question),
    close: () => sessions.close(),
    threads: source.threads,
    speed: warm.speed,
    clock: { now: () => host.now(), after: systemClock.after },
  });
};

/** A text's tokens. Fails if it has more than the model takes. */
function readerOf(tokens: Tokens) {
  return async (text: string): Promise<readonly number[]> => {
    const [read] = await tokens.read([{ text, truncate: "none" }]);
    if (read === undefined || read.error !== undefined) throw new Error(read?.error?.message);
    return read.ids;
  };
}

/** Texts that reveal problems at load time rather than in a client's call. */
async function readTrials(tokens: Tokens, maxTokens: number) {
  const most = Math.min(maxTokens, mostTrialTokens);
  // At least a hundred tokens each time.
  const all = `${mixedScripts} `.repeat(1 + most / 100);
  const texts = ["a", mixedScripts, everyByte(), all];
  const read = await tokens.read(texts.map((text) => ({ text, truncate: "end" })));
  // A tokenizer that cannot read a character fails on a client's text too.
  const trials = read.flatMap(({ ids, error }) => (error === undefined ? [ids] : []));
  for (const id of trials.flat()) {
    if (Number.isInteger(id) && id >= 0) continue;
    throw new Error(`the tokenizer gives ${String(id)} as a token id`);
  }
  const computed = trials.map((ids) => ids.slice(0, most));
  const longest = computed.reduce<readonly number[]>((a, b) => (b.length > a.length ? b : a), []);
  if (longest.length === 0) throw new Error("the tokenizer reads no text of any script");
  return { usual: computed[0] ?? [], longest };
}

/**
 * Longer texts are not tried while a model loads: the memory of attention grows with the square of a text's length,
 * some gigabytes for 8192 tokens, and the library keeps the memory.
 */
const mostTrialTokens = 2048;

interface Encoding {
  readonly sessions: Sessions;
  readonly host: EngineHost;
  readonly batching: TextBatching;
}

/** A text that the graph fails on does not affect others, and logs one line. */
function encodeWith(encoder: Encoder, { sessions, host, batching }: Encoding) {
  let said = "";
  const note = (thrown: unknown): void => {
    const why = errorMessage(thrown);
    // A client that sends such a text can send many.
    if (why !== said) host.log("error", `the graph fails on a text: ${why}`);
    said = why;
  };
  return async (texts: readonly EncodedText[], threads: number): Promise<readonly Computed[]> => {
    const together = async (some: readonly EncodedText[]) =>
      encoder.encode(await sessions.get(threads), some);
    if (batching !== "alone") return computeEach(texts, together, note);
    const computed: Computed[] = [];
    for (const text of texts) computed.push(...(await computeEach([text], together, note)));
    return computed;
  };
}

interface Loaded extends Omit<EncoderConfig, "pooling" | "vocabularySize"> {
  readonly pooling: readonly Pooling[];
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
    // ONNX files have none; the manifest states it.
    license: "",
    slots: source.maxSequences ?? defaultSlots,
    weights: model.weights,
    libraries: [{ name: "onnxruntime", version: env.versions.node ?? env.versions.common }],
  };
}

function embeddingOf({ defaultPrompt, pooling, ...model }: Loaded): EmbeddingInfo {
  return {
    dimensions: model.dimensions,
    // None if the graph pools.
    pooling: pooling.length === 0 ? "graph" : pooling.join("+"),
    prompts: model.prompts,
    ...(defaultPrompt !== undefined && { defaultPrompt }),
    normalize: model.normalize,
    takesTokenIds: true,
    batching: model.batching,
  };
}
