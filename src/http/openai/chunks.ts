/** The chunks of a completion's stream: what all of them have, and how the stream ends. */
import type { GenerateStreamResponse } from "../../../gen/inferd/v1/generation_service.ts";
import type { Usage } from "../../../gen/inferd/v1/types.ts";
import type { EventsOf } from "../http-call.ts";

export interface ChunkOptions {
  readonly id: string;
  readonly object: "chat.completion.chunk" | "text_completion";
  /** Seconds since 1970. */
  readonly created: number;
  readonly includeUsage: boolean;
}

/** The events of a stream, of which each response gives some choices. */
export function chunkEvents(
  options: ChunkOptions,
  choicesOf: (response: GenerateStreamResponse) => readonly object[],
): EventsOf<GenerateStreamResponse> {
  const chunks = new Chunks(options);
  return {
    next: (response) => {
      chunks.note(response);
      return choicesOf(response).map((choice) => chunks.of(choice));
    },
    last: () => chunks.last(),
  };
}

class Chunks {
  readonly #options: ChunkOptions;
  #model = "";
  #usage: Usage | undefined;

  constructor(options: ChunkOptions) {
    this.#options = options;
  }

  /** Notes what later chunks have: the model, and the tokens that were used. */
  note({ event }: GenerateStreamResponse): void {
    if (event?.$case === "started") this.#model = event.value.model?.name ?? "";
    if (event?.$case === "finish") this.#usage = event.value.usage;
  }

  of(choice: object): string {
    return this.#text([choice], null);
  }

  last(): readonly string[] {
    const { includeUsage } = this.#options;
    return [...(includeUsage ? [this.#text([], usageOf(this.#usage))] : []), "[DONE]"];
  }

  #text(choices: readonly object[], usage: object | null): string {
    const { includeUsage, ...own } = this.#options;
    const chunk = { ...own, model: this.#model, choices };
    return JSON.stringify(includeUsage ? { ...chunk, usage } : chunk);
  }
}

export const usageOf = ({
  promptTokens = 0,
  completionTokens = 0,
  cachedPromptTokens = 0,
}: Partial<Usage> = {}): object => ({
  prompt_tokens: promptTokens,
  completion_tokens: completionTokens,
  total_tokens: promptTokens + completionTokens,
  prompt_tokens_details: { cached_tokens: cachedPromptTokens },
});
