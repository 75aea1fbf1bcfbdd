/** Sentence-embedding models in ONNX, in the layout of sentence-transformers. */
import { env } from "onnxruntime-node";
import { systemClock } from "../../base/clock.ts";
import type { EngineHost, LoadEngine, ModelInfo, ModelSource } from "../engine.ts";
import { Embedder } from "./embedder.ts";
import { Encoder, portsOf } from "./encoder.ts";
import { encoderConfig } from "./encoder-config.ts";
import type { EncoderConfig, EncoderOptions } from "./encoder-config.ts";
import { checkModelFile } from "./external-data.ts";
import { readFolder } from "./model-folder.ts";
import type { ModelFolder } from "./model-folder.ts";
import { Sessions } from "./sessions.ts";
import { openTokens } from "./tokens.ts";

/** Jobs that the engine holds at once: the more, the better it finds texts of one length. */
const defaultSlots = 64;

export const load: LoadEngine = async (source, host) => {
  const options = optionsOf(source);
  const folder = await readFolder(source);
  checkModelFile(folder.model);
  const config = encoderConfig(folder.files, options);
  refuseUnknownIds(folder, config);
  const tokens = await openTokens(folder.vocabulary, config.maxTokens);
  host.progress(0.2);

  const sessions = new Sessions(folder.model);
  const session = await sessions.get(source.threads);
  host.progress(0.9);
  const encoder = new Encoder(portsOf(session), config.pooling);
  const { speed, dimensions } = await warmUp(encoder, session, host);
  host.progress(1);

  return new Embedder({
    info: infoOf(source, { ...config, dimensions, vocabularySize: folder.vocabularySize }),
    tokens,
    encode: async (texts, threads) => encoder.encode(await sessions.get(threads), texts),
    close: () => sessions.close(),
    threads: source.threads,
    speed,
    clock: { now: () => host.now(), after: systemClock.after },
  });
};

function optionsOf({ options, contextLength }: ModelSource): EncoderOptions {
  for (const key of Object.keys(options)) {
    if (key !== "pooling")
      throw new Error(`options.${key} is not an option of the onnx engine: pooling`);
  }
  const pooling = options["pooling"];
  switch (pooling) {
    case "mean":
    case "cls":
    case "last":
    case undefined:
      return { pooling, contextLength };
    default:
      throw new Error("options.pooling must be mean, cls or last");
  }
}

/** A token id beyond the model's table would fail in the middle of a batch of other callers. */
function refuseUnknownIds(folder: ModelFolder, { vocabularySize }: EncoderConfig): void {
  if (vocabularySize === undefined || folder.vocabularySize <= vocabularySize) return;
  throw new Error(
    `tokenizer.json has ${folder.vocabularySize} token ids and the model ${vocabularySize}: they do not belong together`,
  );
}

/** Runs a batch of a usual size twice, the first one unmeasured. */
async function warmUp(
  encoder: Encoder,
  session: Awaited<ReturnType<Sessions["get"]>>,
  host: EngineHost,
): Promise<{ readonly speed: number; readonly dimensions: number }> {
  const batch = Array.from({ length: 4 }, () => Array.from({ length: 16 }, () => 1));
  const [vector] = await encoder.encode(session, batch);
  const startedAt = host.now();
  await encoder.encode(session, batch);
  const ms = Math.max(0.01, host.now() - startedAt);
  return { speed: 64 / ms, dimensions: vector?.length ?? 0 };
}

function infoOf(
  source: ModelSource,
  model: EncoderConfig & { readonly dimensions: number; readonly vocabularySize: number },
): ModelInfo {
  return {
    tasks: ["embed"],
    contextLength: model.maxTokens,
    vocabularySize: model.vocabularySize,
    dimensions: model.dimensions,
    pooling: model.pooling,
    chat: false,
    // ONNX files carry none; the manifest states it.
    license: "",
    slots: source.maxSequences ?? defaultSlots,
    libraries: [{ name: "onnxruntime", version: env.versions.node ?? env.versions.common }],
  };
}
