/** Requests as the protocol writes them. */
import type { CompletionJob, JobContext, Sampling } from "../jobs.ts";
import type { TextInput } from "../text-input.ts";
import type { Head } from "./frames.ts";

export interface GenerateRequest {
  readonly id: number;
  readonly job: CompletionJob;
  readonly input: TextInput;
  readonly context: JobContext;
  readonly credit: number;
  readonly now: number;
}

export function generateHead(request: GenerateRequest): Head {
  const { id, job, input, context, credit, now } = request;
  const { deadlineMs, priority, requestId, traceparent } = context;
  return {
    type: "generate",
    id,
    prompt: input.prompt,
    messages: input.messages,
    sampling: samplingFields(job.sampling),
    stop: job.stop,
    time_left: timeLeft(deadlineMs, now),
    priority,
    request_id: requestId,
    ...(traceparent !== undefined && { traceparent }),
    credit,
  };
}

/** Seconds until then; null where there is no deadline. */
export function timeLeft(deadlineMs: number, now: number): number | null {
  return deadlineMs === Infinity ? null : Math.max(0, deadlineMs - now) / 1000;
}

function samplingFields(sampling: Sampling): Readonly<Record<string, unknown>> {
  return {
    max_tokens: sampling.maxTokens,
    temperature: sampling.temperature,
    top_k: sampling.topK,
    top_p: sampling.topP,
    min_p: sampling.minP,
    typical_p: sampling.typicalP,
    repetition_penalty: sampling.repetitionPenalty,
    presence_penalty: sampling.presencePenalty,
    frequency_penalty: sampling.frequencyPenalty,
    penalty_last_n: sampling.penaltyLastN,
    seed: sampling.seed,
    min_tokens: sampling.minTokens,
    ignore_eos: sampling.ignoreEos,
    logit_bias: Object.fromEntries(sampling.logitBias),
  };
}
