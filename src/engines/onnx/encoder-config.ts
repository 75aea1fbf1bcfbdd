/** Configuration of a sentence-embedding model, from its files in the layout of sentence-transformers. */
import { field, positive } from "./json.ts";
import type { NamedJson } from "./json.ts";
import { firstPositionOf, maxTokensOf, paddingIdOf } from "./limits.ts";
import type { Module } from "./modules.ts";
import type { OnnxOptions } from "./options.ts";
import type { Pooling } from "./pooling.ts";
import { poolingConfigOf } from "./pooling-config.ts";
import { promptsOf } from "./prompts.ts";
import type { Prompts } from "./prompts.ts";
import { sentenceConfigOf } from "./sentence-config.ts";
import { spladeConfigOf } from "./splade.ts";
import type { Splade } from "./splade.ts";

/** The model's configuration files: parsed JSON, or undefined if there is none. */
export interface EncoderFiles {
  /** `modules.json`, parsed. */
  readonly modules: readonly Module[] | undefined;
  readonly pooling: NamedJson | undefined;
  readonly sentence: NamedJson | undefined;
  /** `config_sentence_transformers.json`. */
  readonly prompts: unknown;
  readonly tokenizer: unknown;
  readonly model: unknown;
}

/** Values of the manifest, which take precedence over the files. */
export interface Stated extends Pick<OnnxOptions, "pooling" | "splade" | "normalize"> {
  readonly contextLength: number | undefined;
}

export interface EncoderConfig extends Prompts {
  /** Undefined if no file states it: then the graph must pool. */
  readonly pooling: readonly Pooling[] | undefined;
  /** Of a model whose vectors are sparse: it has no other pooling. */
  readonly splade: Splade | undefined;
  /** Of a sparse vector, how many dimensions to keep; undefined for all. */
  readonly maxActiveDims: number | undefined;
  /** Whether the tokens of a prompt count in the vector. */
  readonly includePrompt: boolean;
  /** Maximum tokens of a text, special ones included. */
  readonly maxTokens: number;
  /** Number of token ids that the model knows. Undefined if it is not stated. */
  readonly vocabularySize: number | undefined;
  /** The default of `normalize` in calls. */
  readonly normalize: boolean;
  /** Whether texts are lower-cased before the tokenizer's own steps. */
  readonly lowercase: boolean;
  /** The id for padding batches. */
  readonly paddingId: number;
  /** The position of a text's first token. */
  readonly firstPosition: number;
  readonly architectures: unknown;
}

/** Fails with a message for the operator that names the file and the key. */
export function encoderConfig(files: EncoderFiles, stated: Stated): EncoderConfig {
  const { model, modules } = files;
  const splade = spladeOf(files, stated);
  const isSparse = splade !== undefined;
  const sentence = sentenceConfigOf(files.sentence, isSparse ? "logits" : "vectors");
  const pooling = isSparse ? undefined : poolingConfigOf(files.pooling);
  const vocabularySize = positive(model, "vocab_size");
  const paddingId = paddingIdOf(model) ?? 0;
  return {
    ...promptsOf(files.prompts, isSparse),
    splade,
    maxActiveDims: positive(files.prompts, "max_active_dims"),
    pooling: stated.pooling ?? pooling?.modes,
    includePrompt: pooling?.includePrompt ?? true,
    maxTokens: maxTokensOf(
      { sentence: sentence.maxTokens, tokenizer: files.tokenizer, model },
      stated.contextLength,
    ),
    vocabularySize,
    normalize: stated.normalize ?? (!isSparse && areNormalized(modules)),
    lowercase: sentence.lowercase,
    // Padding is masked out, so any id that the model knows is suitable. Every model knows zero.
    paddingId: paddingId < (vocabularySize ?? Infinity) ? paddingId : 0,
    firstPosition: firstPositionOf(model),
    architectures: field(model, "architectures"),
  };
}

/** Without modules.json, no file says whether the model's authors normalize. */
const areNormalized = (modules: EncoderFiles["modules"]): boolean =>
  modules === undefined || modules.at(-1)?.kind === "normalize";

function spladeOf({ modules, pooling }: EncoderFiles, stated: Stated): Splade | undefined {
  const isStated = modules?.some(({ kind }) => kind === "splade") === true;
  if (!isStated || pooling === undefined) return stated.splade;
  if (stated.pooling === undefined) return stated.splade ?? spladeConfigOf(pooling);
  throw new Error("options.pooling: modules.json says that the model's vectors are sparse");
}
