/** What answers each method of inferd's own services. */
import { embeddingHandlers, type EmbeddingHandlers, type EmbeddingOptions } from "./embedding.ts";
import {
  generationHandlers,
  type GenerationHandlers,
  type GenerationOptions,
} from "./generation.ts";
import { modelHandlers, type ModelHandlers, type ModelOptions } from "./model.ts";
import { serverHandlers, type ServerHandlers, type ServerInfoOptions } from "./server.ts";
import { tokenizationHandlers, type TokenizationHandlers } from "./tokenization.ts";

type HandlerOptions = GenerationOptions & EmbeddingOptions & ModelOptions & ServerInfoOptions;

/** By the services' names in `contract/services.ts`. */
interface AllHandlers {
  readonly generation: GenerationHandlers;
  readonly embedding: EmbeddingHandlers;
  readonly tokenization: TokenizationHandlers;
  readonly model: ModelHandlers;
  readonly server: ServerHandlers;
}

export function serviceHandlers(options: HandlerOptions): AllHandlers {
  return {
    generation: generationHandlers(options),
    embedding: embeddingHandlers(options),
    tokenization: tokenizationHandlers(options),
    model: modelHandlers(options),
    server: serverHandlers(options),
  };
}
