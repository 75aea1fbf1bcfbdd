/** A chat's stream as OpenAI's clients read it: role first, one finish reason, usage where it was asked for. */
import {
  FinishReason,
  type GenerateStreamResponse,
  type ToolCallPiece,
} from "../../../gen/inferd/v1/generation_service.ts";
import type { EventsOf } from "../http-call.ts";
import { chunkEvents, type ChunkOptions } from "./chunks.ts";

type Delta = Readonly<Record<string, unknown>>;

export const chatEvents = (
  options: Omit<ChunkOptions, "object">,
): EventsOf<GenerateStreamResponse> =>
  chunkEvents({ ...options, object: "chat.completion.chunk" }, choicesOf);

function choicesOf({ event }: GenerateStreamResponse): readonly object[] {
  switch (event?.$case) {
    case "started":
      return [choiceOf({ role: "assistant", content: "" })];
    case "piece":
      return event.value.text === "" ? [] : [choiceOf({ content: event.value.text })];
    case "reasoning":
      return [choiceOf({ reasoning_content: event.value.text })];
    case "toolCall":
      return [choiceOf({ tool_calls: [callDelta(event.value)] })];
    case "finish":
      return [choiceOf({}, finishReasonOf(event.value.reason))];
    case undefined:
      return [];
  }
}

const choiceOf = (delta: Delta, finishReason: string | null = null): object => ({
  index: 0,
  delta,
  logprobs: null,
  finish_reason: finishReason,
});

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
