/** What a generation call is told: a job's events as proto messages. */
import {
  type Finish,
  FinishReason,
  type GenerateStreamResponse,
  type Piece,
  type Started,
  type ToolCallPiece,
} from "../../gen/inferd/v1/generation_service.ts";
import { ServeError } from "../base/errors.ts";
import type { JobResult } from "../engines/engine.ts";
import type { WorkerEvent } from "../workers/messages.ts";
import { generationTimings, usageOf } from "./messages.ts";

export interface GenerationResponse extends GenerateStreamResponse {
  readonly event: NonNullable<GenerateStreamResponse["event"]>;
}

/** Undefined for an event that callers are not told of. */
export function responseOf(event: WorkerEvent, started: Started): GenerationResponse | undefined {
  switch (event.kind) {
    case "started":
      return undefined;
    case "piece":
      return { event: { $case: "piece", value: pieceOf(event) } };
    case "reasoning":
      return { event: { $case: "reasoning", value: { text: event.text } } };
    case "tool_call":
      return { event: { $case: "toolCall", value: callPieceOf(event) } };
    case "finish":
      return { event: { $case: "finish", value: finishOf(event, started) } };
    case "failed":
      throw ServeError.fromData(event.error);
    case "items":
      throw new Error("bug: a completion job gave items");
  }
}

function pieceOf({
  text,
  tokenIds,
}: {
  readonly text: string;
  readonly tokenIds?: Uint32Array;
}): Piece {
  return { text, tokenIds: tokenIds === undefined ? [] : Array.from(tokenIds) };
}

function callPieceOf({
  call,
  id = "",
  name = "",
  ...event
}: Extract<WorkerEvent, { readonly kind: "tool_call" }>): ToolCallPiece {
  return { callIndex: call, id, name, argumentsJson: event.arguments };
}

const finishReasons = {
  stop: FinishReason.STOP,
  length: FinishReason.LENGTH,
  stop_sequence: FinishReason.STOP_SEQUENCE,
  tool_calls: FinishReason.TOOL_CALLS,
  cancelled: FinishReason.CANCELLED,
} as const;

function finishOf(
  { reason, stopSequence, usage, timings }: JobResult,
  { model, requestId }: Started,
): Finish {
  return {
    usage: usageOf(usage),
    timings: generationTimings(timings),
    model,
    requestId,
    reason: finishReasons[reason],
    stopSequence,
  };
}
