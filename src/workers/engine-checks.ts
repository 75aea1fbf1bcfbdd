/**
 * What an engine hands over, checked where it enters: an engine may be a user's, its types are a
 * promise only, and the server's process must be able to rely on what a worker sends.
 */
import { type ErrorData, fieldReasons, type Violation } from "../base/errors.ts";
import type { EngineHost, Job, JobEvent, ModelInfo, TaskInfos } from "../engines/engine.ts";
import {
  type Check,
  has,
  hasOnly,
  isBoolean,
  isCount,
  isListOf,
  isNumber,
  isOneOf,
  isPositive,
  isString,
  optional,
} from "./checks.ts";
import { hasValue } from "./items.ts";

const taskFields: Readonly<Record<keyof TaskInfos, Check>> = {
  generate: has({
    chat: isBoolean,
    chatFault: optional(isString),
    chatFormat: optional(isString),
    constraints: optional(isBoolean),
  }),
  embed: has({
    dimensions: isCount,
    pooling: isString,
    prompts: optional(isListOf(has({ name: isString, text: isString }))),
    defaultPrompt: optional(isString),
    normalize: optional(isBoolean),
    takesTokenIds: optional(isBoolean),
    sparse: optional(isBoolean),
    maxActiveDims: optional(isPositive),
    tokenDimensions: optional(isPositive),
    batching: optional(isOneOf("together", "alone", "mixed")),
  }),
  rerank: has({}),
  classify: has({ labels: isListOf(isString), multiLabel: isBoolean }),
};

const infoFields: Readonly<Record<keyof ModelInfo, Check>> = {
  tasks: hasOnly(taskFields),
  contextLength: isCount,
  vocabularySize: isCount,
  license: isString,
  slots: isPositive,
  libraries: isListOf(has({ name: isString, version: isString })),
  weights: optional(isListOf(has({ path: isString, stamp: isString }))),
};

const counts = has({
  promptTokens: isCount,
  cachedPromptTokens: isCount,
  completionTokens: isCount,
});
const times = has({
  queueMs: isNumber,
  prefillMs: isNumber,
  firstTokenMs: isNumber,
  decodeMs: isNumber,
  totalMs: isNumber,
  meanBatchSize: isNumber,
});

const error = has({ reason: isString, message: isString });

const isPiece = has({
  text: isString,
  tokenIds: optional((value) => value instanceof Uint32Array),
});
const isReasoning = has({ text: isString });
const isToolCall = has({
  call: isCount,
  id: optional(isString),
  name: optional(isString),
  arguments: isString,
});
const isOfTools = (job: Job): boolean =>
  job.kind === "completion" && job.input.kind === "chat" && job.input.tools !== undefined;
const isPlaced = has({
  index: isCount,
  tokenCount: isCount,
  truncated: isBoolean,
  error: optional(error),
});
const hasError = has({ error });

/** What is checked of each event of a job. */
const events: Readonly<
  Record<JobEvent["kind"], (event: unknown, job: Job, tasks: ModelInfo["tasks"]) => boolean>
> = {
  started: () => true,
  piece: (event, job) => job.kind === "completion" && isPiece(event),
  reasoning: (event, job) => job.kind === "completion" && isReasoning(event),
  tool_call: (event, job) => isOfTools(job) && isToolCall(event),
  item: (event, job, tasks) =>
    job.kind === "items" && isPlaced(event) && (hasError(event) || hasValue(job, event, tasks)),
  finish: has({
    reason: isOneOf("stop", "length", "stop_sequence", "tool_calls", "cancelled"),
    stopSequence: isString,
    usage: counts,
    timings: times,
  }),
  failed: has({ error }),
};

/** Throws an Error that names the first wrong field of what an engine says of its model. */
export function assertInfo(info: unknown): void {
  if (typeof info !== "object" || info === null) throw new Error("the engine has no info");
  for (const [name, check] of Object.entries(infoFields)) {
    if (!has({ [name]: check })(info)) throw new Error(`the engine's info.${name} is wrong`);
  }
  assertPlain(info);
}

/** What has a function in it cannot be sent to the server, and would end the worker without a word of why. */
function assertPlain(info: object): void {
  try {
    structuredClone(info);
  } catch (thrown) {
    const cause = { cause: thrown };
    throw new Error("the engine's info has more than data, such as a function", cause);
  }
}

/** Throws an Error where a step gives no list: of what it computed, nothing is known then. */
export function assertEvents(given: unknown): void {
  if (!Array.isArray(given)) throw new Error("the engine's step gave no list of events");
}

/** Throws an Error for an event that is not one of the interface's, or not one of such a job and such a model. */
export function assertEvent(event: JobEvent, job: Job, tasks: ModelInfo["tasks"]): void {
  if (!Object.hasOwn(events, event.kind) || !events[event.kind](event, job, tasks)) {
    throw new Error(`the engine sent a malformed event of kind ${event.kind}`);
  }
}

const isFacts = (value: unknown): value is NonNullable<ErrorData["facts"]> =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every(isString);
/** A module in JavaScript may state none. */
const isFieldReason = (value: unknown): boolean =>
  value === undefined || fieldReasons.some((known) => known === value);
const isViolation = has({ field: isString, reason: isFieldReason, description: isString });
const isViolations = (value: unknown): value is NonNullable<ErrorData["violations"]> =>
  isListOf(isViolation)(value);

const plainViolation = ({ field, reason, description }: Violation): Violation => ({
  field,
  reason,
  description,
});

/** Beyond this, a time to try again says nothing: the server may be another one by then. */
const mostRetryAfterMs = 86_400_000;
const isRetryAfter = (ms: unknown): ms is number =>
  isNumber(ms) && Number(ms) >= 0 && Number(ms) <= mostRetryAfterMs;

/** An engine's error without what a status could not carry: a fact that is a number, say. */
export function checkedError(error: ErrorData): ErrorData {
  const { reason, message, facts, violations, retryAfterMs } = error;
  return {
    reason,
    message,
    ...(isRetryAfter(retryAfterMs) && { retryAfterMs }),
    ...(isFacts(facts) && { facts: { ...facts } }),
    ...(isViolations(violations) && { violations: violations.map(plainViolation) }),
  };
}

type Level = Parameters<EngineHost["log"]>[0];

const levels: readonly Level[] = ["debug", "info", "warn", "error"];

/** A level that the server's log has; `info` for others. */
export function checkedLevel(level: unknown): Level {
  return levels.find((known) => known === level) ?? "info";
}

/** A fraction from 0 to 1; 0 for what is no number. */
export function checkedFraction(fraction: unknown): number {
  return typeof fraction === "number" ? Math.min(1, Math.max(0, fraction || 0)) : 0;
}
