/**
 * An engine's event as it crosses to the server: the fields of the interface and no others. An engine's own object can
 * have getters, which get lost on the way, or functions, which cannot be sent and would end the worker.
 */
import type { Item, JobEvent } from "../engines/engine.ts";
import { checkedError } from "./engine-checks.ts";

type Finish = Extract<JobEvent, { readonly kind: "finish" }>;

/** Of an event that was checked. */
export function plainEvent(event: Exclude<JobEvent, { readonly kind: "item" }>): typeof event {
  switch (event.kind) {
    case "started":
      return { kind: "started" };
    case "piece": {
      const { text, tokenIds } = event;
      return tokenIds === undefined ? { kind: "piece", text } : { kind: "piece", text, tokenIds };
    }
    case "reasoning":
      return { kind: "reasoning", text: event.text };
    case "tool_call": {
      const { call, id, name, arguments: given } = event;
      const first = { ...(id !== undefined && { id }), ...(name !== undefined && { name }) };
      return { kind: "tool_call", call, ...first, arguments: given };
    }
    case "finish":
      return plainFinish(event);
    case "failed":
      return { kind: "failed", error: checkedError(event.error) };
  }
}

/** Of an item that was checked; its value is encoded next. */
export function plainItem({ index, tokenCount, truncated, value, error }: Item): Item {
  const facts = { index, tokenCount, truncated };
  return error === undefined ? { ...facts, value } : { ...facts, error: checkedError(error) };
}

function plainFinish({ reason, stopSequence, usage, timings }: Finish): Finish {
  const { promptTokens, cachedPromptTokens, completionTokens } = usage;
  const { queueMs, prefillMs, firstTokenMs, decodeMs, totalMs, meanBatchSize } = timings;
  return {
    kind: "finish",
    reason,
    stopSequence,
    usage: { promptTokens, cachedPromptTokens, completionTokens },
    timings: { queueMs, prefillMs, firstTokenMs, decodeMs, totalMs, meanBatchSize },
  };
}
