/** A chat's stream as OpenAI's clients read it: role first, one finish reason, usage where it was asked for. */
import {
  FinishReason,
  type GenerateStreamResponse,
  type ToolCallPiece,
} from "../../../gen/inferd/v1/generation_service.ts";
import type { Usage } from "../../../gen/inferd/v1/types.ts";
import type { EventsOf } from "../http-call.ts";

interface ChatEventsOptions {
  readonly id: string;
  /** Seconds since 1970. */
  readonly created: number;
  readonly includeUsage: boolean;
}

type Delta = Readonly<Record<string, unknown>>;

export class ChatEvents implements EventsOf<GenerateStreamResponse> {
  readonly #options: ChatEventsOptions;
  #model = "";
  #usage: Usage | undefined;

  constructor(options: ChatEventsOptions) {
    this.#options = options;
  }

  readonly next = ({ event }: GenerateStreamResponse): readonly string[] => {
    switch (event?.$case) {
      case "started":
        this.#model = event.value.model?.name ?? "";
        return [this.#chunk({ role: "assistant", content: "" })];
      case "piece":
        return event.value.text === "" ? [] : [this.#chunk({ content: event.value.text })];
      case "reasoning":
        return [this.#chunk({ reasoning_content: event.value.text })];
      case "toolCall":
        return [this.#chunk({ tool_calls: [callDelta(event.value)] })];
      case "finish":
        this.#usage = event.value.usage;
        return [this.#chunk({}, finishReasonOf(event.value.reason))];
      case undefined:
        return [];
    }
  };

  readonly last = (): readonly string[] => {
    const usage = this.#options.includeUsage ? [this.#data([], usageOf(this.#usage))] : [];
    return [...usage, "[DONE]"];
  };

  #chunk(delta: Delta, finishReason: string | null = null): string {
    return this.#data([{ index: 0, delta, logprobs: null, finish_reason: finishReason }], null);
  }

  #data(choices: readonly unknown[], usage: object | null): string {
    const { id, created, includeUsage } = this.#options;
    const own = { id, object: "chat.completion.chunk", created, model: this.#model, choices };
    return JSON.stringify(includeUsage ? { ...own, usage } : own);
  }
}

/** Its first delta has an id, a type and a name; without them clients fail. */
function callDelta({ callIndex, id, name, argumentsJson }: ToolCallPiece): Delta {
  const first = name === "" ? {} : { id, type: "function" };
  const called = name === "" ? { arguments: argumentsJson } : { name, arguments: argumentsJson };
  return { index: callIndex, ...first, function: called };
}

export function finishReasonOf(reason: FinishReason | undefined): string {
  if (reason === FinishReason.LENGTH) return "length";
  return reason === FinishReason.TOOL_CALLS ? "tool_calls" : "stop";
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
