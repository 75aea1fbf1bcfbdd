/** The routes of OpenAI's API, and those that other servers have next to them. */
import type { ServiceHandlers } from "../../services/handlers.ts";
import type { Route } from "../route.ts";
import { chatRoute } from "./chat.ts";
import { classifyRoute } from "./classify.ts";
import { completionsRoute } from "./completions.ts";
import { embeddingsRoute } from "./embeddings.ts";
import { modelRoutes, type ModelsOptions } from "./models.ts";
import { rerankRoute } from "./rerank.ts";
import { tokenizeRoutes } from "./tokenize.ts";

export interface OpenAiOptions extends ModelsOptions {
  /** The wall clock, in milliseconds since 1970. */
  readonly now: () => number;
}

export const openAiRoutes = (
  handlers: ServiceHandlers,
  options: OpenAiOptions,
): readonly Route[] => [
  ...modelRoutes(handlers.model, options),
  chatRoute(handlers.generation, options),
  completionsRoute(handlers.generation, options),
  embeddingsRoute(handlers.embedding),
  rerankRoute(handlers.rerank),
  classifyRoute(handlers.classification),
  ...tokenizeRoutes(handlers.tokenization),
];
