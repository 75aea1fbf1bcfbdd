/** Schemas that several bodies share. Bounds beyond these are the contract's. */
import type { JsonSchema, Parameter } from "../parameters.ts";

export const string: JsonSchema = { type: "string" };
const number: JsonSchema = { type: "number" };
/** As the contract has it: other numbers have no place in a message of it. */
export const uint32: JsonSchema = { type: "integer", minimum: 0, maximum: 4_294_967_295 };
/** What JSON can say exactly. */
const safeInteger: JsonSchema = {
  type: "integer",
  minimum: Number.MIN_SAFE_INTEGER,
  maximum: Number.MAX_SAFE_INTEGER,
};
export const boolean: JsonSchema = { type: "boolean" };
/** OpenAI's clients send null for what is not set. */
export const orNull = (schema: JsonSchema): JsonSchema => ({ anyOf: [schema, { type: "null" }] });
export const only = (...values: readonly unknown[]): JsonSchema => ({ enum: [...values, null] });

export const model: Parameter = { schema: string, field: "model", required: true };
export const user: Parameter = { schema: orNull(string), field: "call.user" };

/** What completions of both kinds take. */
export const sampling = {
  temperature: { schema: orNull(number), field: "sampling.temperature" },
  top_p: { schema: orNull(number), field: "sampling.top_p" },
  presence_penalty: { schema: orNull(number), field: "sampling.presence_penalty" },
  frequency_penalty: { schema: orNull(number), field: "sampling.frequency_penalty" },
  seed: { schema: orNull(safeInteger), field: "sampling.seed" },
  stop: {
    schema: { anyOf: [string, { type: "array", items: string }, { type: "null" }] },
    field: "sampling.stop",
  },
  logit_bias: {
    schema: orNull({
      type: "object",
      propertyNames: { pattern: "^(0|[1-9][0-9]{0,9})$" },
      additionalProperties: number,
    }),
    field: "sampling.logit_bias",
  },
  // Not OpenAI's: as vLLM and llama-server name them.
  top_k: { schema: orNull(uint32), field: "sampling.top_k" },
  min_p: { schema: orNull(number), field: "sampling.min_p" },
  typical_p: { schema: orNull(number), field: "sampling.typical_p" },
  repetition_penalty: { schema: orNull(number), field: "sampling.repetition_penalty" },
  min_tokens: { schema: orNull(uint32), field: "sampling.min_tokens" },
  ignore_eos: { schema: orNull(boolean), field: "sampling.ignore_eos" },
  cache_salt: { schema: orNull(string), field: "call.cache_salt" },
} as const satisfies Readonly<Record<string, Parameter>>;

export const streaming = {
  stream: { schema: orNull(boolean), means: "whether the answer is a stream of events" },
  stream_options: {
    schema: orNull({
      type: "object",
      properties: { include_usage: boolean, include_obfuscation: boolean },
      additionalProperties: false,
    }),
    means: "`include_usage` adds a last event with the tokens used",
  },
} as const satisfies Readonly<Record<string, Parameter>>;

export const notThere = {
  n: { schema: only(1), refused: "a call gives one completion" },
  logprobs: { schema: only(false), refused: "log-probabilities are not there yet" },
} as const satisfies Readonly<Record<string, Parameter>>;

export interface SamplingBody {
  readonly temperature?: number | null;
  readonly top_p?: number | null;
  readonly presence_penalty?: number | null;
  readonly frequency_penalty?: number | null;
  readonly seed?: number | null;
  readonly stop?: string | readonly string[] | null;
  readonly logit_bias?: Readonly<Record<string, number>> | null;
  readonly top_k?: number | null;
  readonly min_p?: number | null;
  readonly typical_p?: number | null;
  readonly repetition_penalty?: number | null;
  readonly min_tokens?: number | null;
  readonly ignore_eos?: boolean | null;
  readonly cache_salt?: string | null;
  readonly user?: string | null;
  readonly stream?: boolean | null;
  readonly stream_options?: { readonly include_usage?: boolean } | null;
}
