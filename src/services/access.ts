/** What a caller may use of the models: which of them, and how many tokens. */
import type { CallContext, CallRecord } from "../calls/call.ts";
import type { Models, ModelStatus, ServingModel } from "../models/model.ts";

/** Finds a call's model. One that its caller may not use is refused whether it is there or not. */
export function resolveFor(
  { caller, record }: CallContext,
  models: Models,
  { name, task }: { readonly name: string; readonly task: "generate" | "embed" },
): ServingModel {
  if (name !== "") caller.use(name);
  const model = models.resolve(name, task);
  const resolved = model.status.manifest.name;
  record.model = resolved;
  if (name === "") caller.use(resolved);
  return model;
}

/** The model of a request that is refused in any case, as far as its caller may know of it. */
export function lookAt(
  { caller }: CallContext,
  models: Models,
  { name, task }: { readonly name: string; readonly task: "generate" | "embed" },
): ModelStatus | undefined {
  try {
    const { status } = models.resolve(name, task);
    return caller.sees(status.manifest.name) ? status : undefined;
  } catch {
    // Its fields are told first.
    return undefined;
  }
}

// Of English by most tokenizers. An estimate: what was used is settled at the end.
const bytesPerToken = 4;

export function estimateTokens(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + Math.ceil(Buffer.byteLength(text) / bytesPerToken), 0);
}

export interface Estimate {
  /** Tokens that the model reads. */
  readonly prompt: number;
  /** The most that it may write. */
  readonly completion: number;
}

/**
 * Takes a job's tokens from its caller's quotas while its events pass, and settles when it ends,
 * however that is: by what the model counted, or, where the job broke off before, by the prompt's
 * estimate and the tokens of the completion that came.
 */
export async function* metered<T extends { readonly kind: string }>(
  { caller, record }: { readonly caller: CallContext["caller"]; readonly record: CallRecord },
  { prompt, completion }: Estimate,
  run: () => AsyncIterable<T>,
): AsyncGenerator<T> {
  const settle = caller.reserve(prompt + completion);
  let hasBegun = false;
  let hasFinished = false;
  try {
    for await (const event of run()) {
      hasBegun = true;
      hasFinished = event.kind === "finish";
      yield event;
    }
  } finally {
    const read = hasFinished ? (record.promptTokens ?? prompt) : prompt;
    // A job that never began has cost nothing.
    settle(hasBegun ? read + (record.completionTokens ?? 0) : 0);
  }
}
