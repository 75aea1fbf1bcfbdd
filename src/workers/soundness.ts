/**
 * What an engine hands over, checked where it enters: an engine may be a user's, its types are a
 * promise only, and the server's process must be able to rely on what a worker sends.
 */
import type { JobEvent, ModelInfo } from "../engines/engine.ts";

type Check = (value: unknown) => boolean;

const isString: Check = (value) => typeof value === "string";
const isBoolean: Check = (value) => typeof value === "boolean";
const isNumber: Check = (value) => Number.isFinite(value);
const isCount: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const isPositive: Check = (value) => isCount(value) && Number(value) > 0;
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

const infoFields: Readonly<Record<keyof ModelInfo, Check>> = {
  tasks: isListOf(isOneOf("generate", "embed")),
  contextLength: isCount,
  vocabularySize: isCount,
  dimensions: isCount,
  pooling: isOneOf("", "mean", "cls", "last"),
  chat: isBoolean,
  license: isString,
  slots: isPositive,
  libraries: isListOf(has({ name: isString, version: isString })),
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

const events: Readonly<Record<JobEvent["kind"], Check>> = {
  started: () => true,
  piece: has({ text: isString }),
  vector: has({
    vector: has({
      index: isCount,
      values: (value) => value instanceof Float32Array,
      tokens: isCount,
      truncated: isBoolean,
    }),
  }),
  finish: has({
    reason: isOneOf("stop", "length", "stop_sequence", "cancelled"),
    stopSequence: isString,
    usage: counts,
    timings: times,
  }),
  failed: has({ error: has({ reason: isString, message: isString }) }),
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
