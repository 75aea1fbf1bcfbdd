/** What the files beside a sentence-embedding model say about it, in the layout of sentence-transformers. */
import type { Pooling } from "./pooling.ts";

/** The configuration files that a model has; each is parsed JSON, or undefined where there is none. */
export interface EncoderFiles {
  readonly modules: unknown;
  readonly pooling: unknown;
  readonly sentence: unknown;
  readonly tokenizer: unknown;
  readonly model: unknown;
}

/** What the manifest states, which goes before the files. */
export interface EncoderOptions {
  readonly pooling: Pooling | undefined;
  readonly contextLength: number | undefined;
}

export interface EncoderConfig {
  readonly pooling: Pooling;
  /** The most tokens of a text, special ones included. */
  readonly maxTokens: number;
  /** Token ids that the model knows; undefined where it does not say. */
  readonly vocabularySize: number | undefined;
}

/** Fails with a message for the person who set the model up. */
export function encoderConfig(files: EncoderFiles, options: EncoderOptions): EncoderConfig {
  refuseUnknownModules(files.modules);
  return {
    pooling: options.pooling ?? poolingOf(files.pooling),
    maxTokens: maxTokensOf(files, options.contextLength),
    vocabularySize: positive(files.model, "vocab_size"),
  };
}

/** Scaling to length 1 is the caller's choice; anything else between pooling and the vector is not done. */
function refuseUnknownModules(modules: unknown): void {
  if (!Array.isArray(modules)) return;
  for (const module of modules) {
    const type = field(module, "type");
    const name = typeof type === "string" ? (type.split(".").at(-1) ?? "") : "";
    if (!["Transformer", "Pooling", "Normalize"].includes(name)) {
      throw new Error(
        `modules.json has a module that inferd does not compute: ${name || "unnamed"}`,
      );
    }
  }
}

const modes: Readonly<Record<string, Pooling>> = {
  pooling_mode_mean_tokens: "mean",
  pooling_mode_cls_token: "cls",
  pooling_mode_lasttoken: "last",
  mean: "mean",
  cls: "cls",
  lasttoken: "last",
};

function poolingOf(config: unknown): Pooling {
  if (typeof config !== "object" || config === null) {
    throw new Error(
      "the model has no 1_Pooling/config.json; state options.pooling in its manifest: mean, cls or last",
    );
  }
  // Older files have a flag for each mode, newer ones name it.
  const named = field(config, "pooling_mode");
  const chosen =
    typeof named === "string"
      ? [named]
      : Object.entries(config)
          .filter(([key, value]) => key.startsWith("pooling_mode_") && value === true)
          .map(([key]) => key);
  const pooling = modes[chosen[0] ?? ""];
  if (pooling !== undefined && chosen.length === 1) return pooling;
  throw new Error(
    `its 1_Pooling/config.json asks for ${chosen.join(" and ") || "no pooling"}; inferd does mean, cls or last token`,
  );
}

function maxTokensOf(files: EncoderFiles, stated: number | undefined): number {
  const positions = positive(files.model, "max_position_embeddings");
  const own =
    positive(files.sentence, "max_seq_length") ??
    smallest(positive(files.tokenizer, "model_max_length"), positions);
  if (stated !== undefined && stated > (positions ?? own ?? Infinity)) {
    throw new Error(
      `limits.context_length is ${stated}, but the model has positions for ${positions ?? own ?? 0} tokens`,
    );
  }
  const limit = stated ?? own;
  if (limit === undefined) {
    throw new Error(
      "no file says how many tokens the model takes; state limits.context_length in its manifest",
    );
  }
  return smallest(limit, positions) ?? limit;
}

function smallest(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}

/** Tokenizers write a number beyond all reason for "no limit". */
function positive(config: unknown, key: string): number | undefined {
  const value = field(config, key);
  return typeof value === "number" && Number.isInteger(value) && value > 0 && value < 1e9
    ? value
    : undefined;
}

function field(config: unknown, key: string): unknown {
  if (typeof config !== "object" || config === null) return undefined;
  // Any object may be read by key; what is found is checked by the caller.
  return (config as Readonly<Record<string, unknown>>)[key];
}
