/**
 * What an engine hands over, checked where it enters: an engine may be a user's, its types are a
 * promise only, and the server's process must be able to rely on what a worker sends.
 */
import { type ErrorData, fieldReasons } from "../base/errors.ts";
import type { EngineHost, JobEvent, KvMemory, ModelInfo, PrefixMemory } from "../engines/engine.ts";

type Check = (value: unknown) => boolean;

const isString: Check = (value) => typeof value === "string";
const isBoolean: Check = (value) => typeof value === "boolean";
const isNumber: Check = (value) => Number.isFinite(value);
// Counts end up in fields of type uint32.
const isCount: Check = (value) =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 32;
const isPositive: Check = (value) => isCount(value) && Number(value) > 0;
// Bytes, and what is counted for as long as a worker lives: no field of the contract has them.
const isLarge: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const isListOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const isOneOf =
  (...choices: readonly unknown[]): Check =>
  (value) =>
    choices.includes(value);

/** An object that has these fields; others are its own business. */
function has(fields: Readonly<Record<string, Check>>): Check {
  const checks = Object.entries(fields);
  return (value) => {
    if (typeof value !== "object" || value === null) return false;
    return checks.every(([name, check]) => check(Reflect.get(value, name)));
  };
}

const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);

const infoFields: Readonly<Record<keyof ModelInfo, Check>> = {
  tasks: isListOf(isOneOf("generate", "embed")),
  contextLength: isCount,
  vocabularySize: isCount,
  dimensions: isCount,
  pooling: isString,
  prompts: optional(isListOf(has({ name: isString, text: isString }))),
  defaultPrompt: optional(isString),
  normalize: optional(isBoolean),
  batching: optional(isOneOf("together", "alone", "mixed")),
  chat: isBoolean,
  chatFault: optional(isString),
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

const events: Readonly<Record<JobEvent["kind"], Check>> = {
  started: () => true,
  piece: has({ text: isString, tokenIds: optional((value) => value instanceof Uint32Array) }),
  vector: has({
    vector: has({
      index: isCount,
      values: (value) => value instanceof Float32Array,
      tokenCount: isCount,
      truncated: isBoolean,
      error: optional(error),
    }),
  }),
  finish: has({
    reason: isOneOf("stop", "length", "stop_sequence", "cancelled"),
    stopSequence: isString,
    usage: counts,
    timings: times,
  }),
  failed: has({ error }),
};

/** Throws an Error that names the first wrong field of what an engine says of its model. */
export function assertInfo(info: unknown): void {
  if (!has({})(info)) throw new Error("the engine has no info");
  for (const [name, check] of Object.entries(infoFields)) {
    if (!has({ [name]: check })(info)) throw new Error(`the engine's info.${name} is wrong`);
  }
}

/** Throws an Error for an event that is not one of the interface's. */
export function assertEvent(event: JobEvent): void {
  if (!Object.hasOwn(events, event.kind) || !events[event.kind](event)) {
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

/** An engine's error without what a status could not carry: a fact that is a number, say. */
export function checkedError({ reason, message, facts, violations }: ErrorData): ErrorData {
  return {
    reason,
    message,
    ...(isFacts(facts) && { facts }),
    ...(isViolations(violations) && { violations }),
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

/** An engine's word on its last step; undefined where it gave none, or none that makes sense. */
export function checkedStepJobs(jobs: unknown): number | undefined {
  return isPositive(jobs) ? Number(jobs) : undefined;
}

// Copies: an engine's own objects may have getters, which get lost on the way to the front, or what cannot be sent at all.

const memoryFields = has({ cells: isCount, usedCells: isCount });

/** An engine's word on its KV memory; undefined where it gave none, or none that makes sense. */
export function checkedMemory(memory: KvMemory | undefined): KvMemory | undefined {
  if (memory === undefined || !memoryFields(memory)) return undefined;
  const { cells, usedCells } = memory;
  return { cells, usedCells };
}

const prefixFields = has({
  bytes: isLarge,
  limitBytes: isLarge,
  saved: isLarge,
  restored: isLarge,
  evicted: isLarge,
});

/** An engine's word on the prefixes that it keeps; undefined where it gave none, or none that makes sense. */
export function checkedPrefixes(prefixes: PrefixMemory | undefined): PrefixMemory | undefined {
  if (prefixes === undefined || !prefixFields(prefixes)) return undefined;
  const { bytes, limitBytes, saved, restored, evicted } = prefixes;
  return { bytes, limitBytes, saved, restored, evicted };
}
