/** Maximum tokens of a text: by the model's files, its table of positions, and its manifest. */
import { field, positive } from "./json.ts";

/**
 * Models whose positions begin after the padding id, such as RoBERTa: of 514 positions, texts have 512. As in
 * transformers' `create_position_ids_from_input_ids` and its copies.
 */
const afterPadding = new Set([
  "camembert",
  "data2vec-text",
  "esm",
  "ibert",
  "layoutlmv3",
  "lilt",
  "longformer",
  "luke",
  "markuplm",
  "mluke",
  "mpnet",
  "roberta",
  "roberta-prelayernorm",
  "xlm-roberta",
  "xlm-roberta-xl",
  "xmod",
]);

/** Their padding id if `config.json` states none. */
const usualPaddingId = 1;

/** The position of a text's first token. */
export function firstPositionOf(model: unknown): number {
  const type = field(model, "model_type");
  if (typeof type !== "string" || !afterPadding.has(type)) return 0;
  return (paddingIdOf(model) ?? usualPaddingId) + 1;
}

/** The id for padding batches. Undefined if `config.json` states none. */
export function paddingIdOf(model: unknown): number | undefined {
  const id = field(model, "pad_token_id");
  return typeof id === "number" && Number.isInteger(id) && id >= 0 ? id : undefined;
}

export interface LimitFiles {
  /** `max_seq_length` of the sentence configuration. */
  readonly sentence: number | undefined;
  /** `tokenizer_config.json`. */
  readonly tokenizer: unknown;
  /** `config.json`. */
  readonly model: unknown;
}

/** Special tokens included. Fails if the manifest states more than there are positions, or if no file states any. */
export function maxTokensOf(files: LimitFiles, stated: number | undefined): number {
  const positions = positive(files.model, "max_position_embeddings");
  const room = positions === undefined ? undefined : positions - firstPositionOf(files.model);
  const own = files.sentence ?? smallest(positive(files.tokenizer, "model_max_length"), room);
  if (stated !== undefined && stated > (room ?? own ?? Infinity)) {
    throw new Error(
      `limits.context_length is ${stated}, but the model has positions for ${room ?? own ?? 0} tokens`,
    );
  }
  const limit = smallest(stated ?? own, room);
  if (limit !== undefined) return limit;
  throw new Error(
    "no file says how many tokens the model takes; state limits.context_length in its manifest",
  );
}

function smallest(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}
