/** What an embedding call is told: a job's vectors as proto messages. */
import type { EncodedItem, EncodedTokens } from "../workers/messages.ts";
import type { TokenVectorsValue, VectorEmbedding, VectorValue } from "./embedding-types.ts";
import { itemErrorOf } from "./item-errors.ts";

export function embeddingOf(item: EncodedItem): VectorEmbedding {
  const { index, tokenCount, truncated } = item;
  return { index, value: valueOf(item), tokenCount, truncated };
}

function valueOf({ value, error }: EncodedItem): VectorValue {
  if (error !== undefined) return { $case: "error", value: itemErrorOf(error) };
  switch (value.kind) {
    case "float32":
      return { $case: "float32", value: { values: value.values } };
    case "float16":
      return { $case: "float16", value: value.bytes };
    case "int8":
      return { $case: "int8", value: { values: value.bytes, scale: value.scale } };
    case "binary":
      return { $case: "binary", value: value.bytes };
    case "sparse":
      return { $case: "sparse", value: { indices: value.indices, values: value.values } };
    case "tokens":
      return { $case: "tokens", value: tokensOf(value) };
    case "score":
    case "labels":
      throw new Error("bug: an embedding job gave scores");
  }
}

function tokensOf({ dimensions, vectors }: EncodedTokens): TokenVectorsValue {
  switch (vectors.kind) {
    case "float32":
      return { dimensions, vectors: { $case: "float32", value: { values: vectors.values } } };
    case "float16":
      return { dimensions, vectors: { $case: "float16", value: vectors.bytes } };
  }
}
