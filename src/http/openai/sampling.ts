/** From OpenAI's parameters to the contract's. */
import type { CallOptions, Sampling } from "../../../gen/inferd/v1/types.ts";
import { CallOptions as CallOptionsMessage } from "../../../gen/inferd/v1/types.ts";
import type { SamplingBody } from "./schemas.ts";

/** Numbers as a message of the contract carries them: a call over HTTP gets what one over gRPC gets. */
const float = (value: number | null | undefined): number | undefined =>
  value === null || value === undefined ? undefined : Math.fround(value);

export function samplingOf(body: SamplingBody, maxTokens: number | null | undefined): Sampling {
  const { stop, logit_bias: bias } = body;
  return {
    temperature: float(body.temperature),
    topP: float(body.top_p),
    topK: body.top_k ?? undefined,
    minP: float(body.min_p),
    typicalP: float(body.typical_p),
    repetitionPenalty: float(body.repetition_penalty),
    presencePenalty: float(body.presence_penalty),
    frequencyPenalty: float(body.frequency_penalty),
    seed: typeof body.seed === "number" ? BigInt(body.seed) : undefined,
    maxTokens: maxTokens ?? undefined,
    minTokens: body.min_tokens ?? undefined,
    ignoreEos: body.ignore_eos ?? undefined,
    logitBias: Object.fromEntries(
      Object.entries(bias ?? {}).map(([id, value]) => [id, Math.fround(value)]),
    ),
    stop: typeof stop === "string" ? [stop] : (stop ?? []),
  };
}

export const callOptionsOf = ({
  user,
  cache_salt: salt,
}: Pick<SamplingBody, "user" | "cache_salt">): CallOptions =>
  CallOptionsMessage.fromPartial({ user: user ?? "", cacheSalt: salt ?? "" });
