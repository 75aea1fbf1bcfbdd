import { ServeError } from "../base/errors.ts";
import type { ChatMessage, ClassifyJob, CompletionInput, EmbedInput, RerankJob } from "./jobs.ts";

/** What a function without a vocabulary reads. */
export interface TextInput {
  /** The prompt; for a chat, the content of the last message. */
  readonly prompt: string;
  /** The whole conversation; a plain prompt is one user message. */
  readonly messages: readonly ChatMessage[];
}

/** Throws FIELD_INVALID for token ids. */
export function textInputOf(input: CompletionInput): TextInput {
  switch (input.kind) {
    case "prompt":
      return { prompt: input.text, messages: [{ role: "user", content: input.text }] };
    case "chat":
      return { prompt: input.messages.at(-1)?.content ?? "", messages: input.messages };
    case "token_ids":
      throw withoutVocabulary("token_ids");
  }
}

/** The items of a job as texts. Throws FIELD_INVALID for token ids. */
export function textItemsOf(items: readonly EmbedInput[]): readonly string[] {
  return items.map((item) => {
    if (typeof item === "string") return item;
    throw withoutVocabulary("token_inputs");
  });
}

/** Throws FIELD_INVALID where a job asks for numbers of which a function has one kind only. */
export function refuseRawScores({ rawScores }: RerankJob | ClassifyJob): void {
  if (!rawScores) return;
  throw unsupported("raw_scores", "this model has one kind of score; leave it out");
}

/** The items of a job for a function that reads single texts. Throws FIELD_INVALID for pairs. */
export function singleTexts({ items, pairs = [] }: ClassifyJob): readonly string[] {
  const index = pairs.findIndex((pair) => pair !== undefined);
  if (index === -1) return items;
  throw unsupported(`inputs[${index}].pair`, "this model reads single texts; leave it out");
}

function withoutVocabulary(field: "token_ids" | "token_inputs"): ServeError {
  return unsupported(field, "this model has no vocabulary; send text");
}

function unsupported(field: string, description: string): ServeError {
  return new ServeError("FIELD_INVALID", description, {
    violations: [{ field, reason: "UNSUPPORTED", description }],
  });
}
