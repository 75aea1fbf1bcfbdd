import { ServeError } from "../base/errors.ts";
import type { ChatMessage, CompletionInput, EmbedInput } from "./jobs.ts";

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

function withoutVocabulary(field: "token_ids" | "token_inputs"): ServeError {
  const description = "this model has no vocabulary; send text";
  return new ServeError("FIELD_INVALID", description, {
    violations: [{ field, reason: "UNSUPPORTED", description }],
  });
}
