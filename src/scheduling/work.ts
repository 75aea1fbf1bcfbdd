import type { CompletionInput, Job } from "../engines/engine.ts";

/** What a job may cost, in tokens. */
export interface Work {
  /** To read. */
  readonly promptTokens: number;
  /** To read and to generate. */
  readonly tokens: number;
}

// What a tokenizer adds around a text, and a chat template around a message.
const textTokens = 2;
const messageTokens = 8;

/**
 * Estimates a job's cost before anything has tokenised it. A text counts a token for each byte of its
 * UTF-8: no tokenizer makes more of it, and for English it is about four times too many. What a job
 * may generate counts in full, up to the model's context. Only a template that adds more than eight
 * tokens to a message makes the estimate too low.
 *
 * Rates that are measured in such tokens predict well in spite of that; and since a text never counts
 * less than its bytes, a bound on waiting tokens is one on the memory of waiting prompts.
 */
export function workOf(job: Job, contextLength: number): Work {
  if (job.kind === "items") {
    const tokens = job.items.reduce((sum, text) => sum + textTokens + Buffer.byteLength(text), 0);
    return { promptTokens: tokens, tokens };
  }
  const promptTokens = promptTokensOf(job.input);
  return { promptTokens, tokens: promptTokens + Math.min(job.sampling.maxTokens, contextLength) };
}

function promptTokensOf(input: CompletionInput): number {
  switch (input.kind) {
    case "prompt":
      return textTokens + Buffer.byteLength(input.text);
    case "token_ids":
      return input.ids.length;
    case "chat":
      return input.messages.reduce(
        (sum, { content }) => sum + messageTokens + Buffer.byteLength(content),
        textTokens,
      );
  }
}
