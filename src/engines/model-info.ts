/** What an engine tells of the model that it has loaded. */

export interface ModelInfo {
  /** What it can do, and what is to be known of each. */
  readonly tasks: Partial<TaskInfos>;
  /** Tokens of one sequence, prompt and completion together. */
  readonly contextLength: number;
  /** Token ids run from 0 to below this. Zero where the model has no vocabulary. */
  readonly vocabularySize: number;
  /** Its licence by its own metadata; empty where it states none. */
  readonly license: string;
  /** How many jobs it wants at once; more wait in the server, where they can be refused and reordered. */
  readonly slots: number;
  readonly libraries: readonly { readonly name: string; readonly version: string }[];
  /**
   * The files that its weights lie in, where they are more than the one of the role `model`: its digest is then of all
   * of them. May be left out.
   */
  readonly weights?: readonly WeightsFile[];
}

/** The facts of each task. */
export interface TaskInfos {
  readonly generate: GenerationInfo;
  readonly embed: EmbeddingInfo;
  readonly rerank: RerankingInfo;
  readonly classify: ClassificationInfo;
}

export interface GenerationInfo {
  /** Whether it takes chat input. */
  readonly chat: boolean;
  /** Why it takes none though it has a chat template. Callers are told. */
  readonly chatFault?: string;
  /**
   * How it writes reasoning and tool calls in a chat, as `Model.chat_format` of the contract. Left out for an engine
   * that reads nothing of a chat but its messages: then it is given no chat with more.
   */
  readonly chatFormat?: string;
  /** Whether it enforces constraints; left out for an engine that does not. */
  readonly constraints?: boolean;
}

export interface EmbeddingInfo {
  /** The length of its vectors. */
  readonly dimensions: number;
  /** How token vectors become one, as `Model.pooling` of the contract; empty where it is not known. */
  readonly pooling: string;
  /** What may stand before a text; left out where there is nothing. Names are unique. */
  readonly prompts?: readonly ModelPrompt[];
  /** The name of the prompt that stands before a text whose call names none; left out where none does. */
  readonly defaultPrompt?: string;
  /** Whether vectors are scaled to length 1 where a call does not say; true where it is left out. */
  readonly normalize?: boolean;
  /** Whether it takes token ids in place of texts; false where it is left out. */
  readonly takesTokenIds?: boolean;
  /** Whether its vectors are sparse: values of the kind `sparse`. False where it is left out. */
  readonly sparse?: boolean;
  /** Of a sparse vector, how many dimensions a call that does not say is given; left out for all. */
  readonly maxActiveDims?: number;
  /** The length of a token's vector; left out where it has none. */
  readonly tokenDimensions?: number;
  /** How texts share the engine's batches; left out, each vector is what its text alone gives. */
  readonly batching?: TextBatching;
}

/** A model that ranks needs to state nothing: each document has one score. */
export type RerankingInfo = Readonly<Record<string, never>>;

export interface ClassificationInfo {
  /** In the order of its scores. */
  readonly labels: readonly string[];
  /** Whether each label has a score of its own, so that they do not sum to 1. */
  readonly multiLabel: boolean;
}

/** A file of weights as it was when the engine opened it. */
export interface WeightsFile {
  /** Absolute. */
  readonly path: string;
  /** `stampOf` it (base/stamp.ts). */
  readonly stamp: string;
}

/** A text that the model was trained to read before others. */
export interface ModelPrompt {
  readonly name: string;
  readonly text: string;
}

/**
 * `together`: batches change no vector. `alone`: they would, so there are none. `mixed`: they do, and the manifest lets
 * them.
 */
export type TextBatching = "together" | "alone" | "mixed";
