/** What answers each method of inferd's own services. */
import {
  classificationHandlers,
  type ClassificationHandlers,
  type ClassificationOptions,
} from "./classification.ts";
import { embeddingHandlers, type EmbeddingHandlers, type EmbeddingOptions } from "./embedding.ts";
import {
  generationHandlers,
  type GenerationHandlers,
  type GenerationOptions,
} from "./generation.ts";
import { modelHandlers, type ModelHandlers, type ModelOptions } from "./model.ts";
import { rerankHandlers, type RerankHandlers, type RerankOptions } from "./rerank.ts";
import { serverHandlers, type ServerHandlers, type ServerInfoOptions } from "./server.ts";
import { tokenizationHandlers, type TokenizationHandlers } from "./tokenization.ts";

type HandlerOptions = GenerationOptions &
  EmbeddingOptions &
  RerankOptions &
  ClassificationOptions &
  ModelOptions &
  ServerInfoOptions;

/** By the services' names in `contract/services.ts`. */
export interface ServiceHandlers {
  readonly generation: GenerationHandlers;
  readonly embedding: EmbeddingHandlers;
  readonly rerank: RerankHandlers;
  readonly classification: ClassificationHandlers;
  readonly tokenization: TokenizationHandlers;
  readonly model: ModelHandlers;
  readonly server: ServerHandlers;
}

export function serviceHandlers(options: HandlerOptions): ServiceHandlers {
  return {
    generation: generationHandlers(options),
    embedding: embeddingHandlers(options),
    rerank: rerankHandlers(options),
    classification: classificationHandlers(options),
    tokenization: tokenizationHandlers(options),
    model: modelHandlers(options),
    server: serverHandlers(options),
  };
}
