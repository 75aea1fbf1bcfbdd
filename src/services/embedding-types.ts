/**
 * Embedding responses whose vectors stay the typed arrays that came from the worker. `grpc/wire/embeddings.ts` writes
 * them.
 */
import type {
  Embedding,
  EmbedFinish,
  EmbedResponse,
} from "../../gen/inferd/v1/embedding_service.ts";
import type { ItemError } from "../../gen/inferd/v1/types.ts";

/** `Embedding.value`: a vector in the encoding asked for, or why there is none. */
export type VectorValue =
  | { readonly $case: "float32"; readonly value: { readonly values: Float32Array } }
  | { readonly $case: "float16"; readonly value: Uint8Array }
  | { readonly $case: "binary"; readonly value: Uint8Array }
  | {
      readonly $case: "int8";
      readonly value: { readonly values: Uint8Array; readonly scale: number };
    }
  | {
      readonly $case: "sparse";
      readonly value: { readonly indices: Uint32Array; readonly values: Float32Array };
    }
  | { readonly $case: "tokens"; readonly value: TokenVectorsValue }
  | { readonly $case: "error"; readonly value: ItemError };

/** `TokenVectors` of the contract. */
export interface TokenVectorsValue {
  readonly dimensions: number;
  readonly vectors: Extract<VectorValue, { readonly $case: "float32" | "float16" }>;
}

export interface VectorEmbedding extends Omit<Embedding, "value"> {
  readonly value: VectorValue;
}

export interface VectorEmbedResponse extends Omit<EmbedResponse, "embeddings"> {
  readonly embeddings: readonly VectorEmbedding[];
}

export interface VectorEmbedStreamResponse {
  readonly event:
    | { readonly $case: "embedding"; readonly value: VectorEmbedding }
    | { readonly $case: "finish"; readonly value: EmbedFinish };
}
