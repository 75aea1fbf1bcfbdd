/** What a caller may use of the models: which of them, and how many tokens. */
import { ServeError } from "../base/errors.ts";
import type { CallContext, CallRecord } from "../calls/call.ts";
import type { Task } from "../engines/engine.ts";
import type { Models, ModelStatus, ServingModel, WaitingCall } from "../models/model.ts";

/** Which model a call wants. */
export interface Wanted {
  /** Empty for the default. */
  readonly name: string;
  readonly task: Task;
}

/** How a call waits for its model. */
export interface Wait {
  readonly isWanted: boolean;
  readonly user: string;
  readonly priority: WaitingCall["priority"];
  /** What the call holds meanwhile, in tokens to read. */
  readonly tokens: () => number;
}

/** Waits until a call's model loads no more, where it is to wait. Gives whether it has waited. */
export async function modelLoaded(
  { caller, record, signal }: CallContext,
  models: Models,
  { name, task, isWanted, user, priority, tokens }: Wanted & Wait,
): Promise<boolean> {
  if (!isWanted) return false;
  if (name !== "") caller.use(name);
  const { manifest, state } = models.choose(name, task);
  if (name === "") caller.use(manifest.name);
  if (state !== "loading") return false;
  record.model = manifest.name;
  const waiting = { caller: caller.id, user, priority, signal, tokens: tokens() };
  return models.loaded(manifest.name, waiting);
}

/** Finds a call's model. One that its caller may not use is refused whether it is there or not. */
export function resolveFor(
  { caller, record }: CallContext,
  models: Models,
  { name, task }: Wanted,
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
  { name, task }: Wanted,
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

/** What a request of so many tokens counts while it waits: as in the queues, a token a byte. */
export function heldTokens(estimate: number): number {
  return estimate * bytesPerToken;
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
 * estimate and the tokens of the completion that came. What a model read and then refused is charged too.
 */
export async function* metered<T extends { readonly kind: string }>(
  { caller, record }: { readonly caller: CallContext["caller"]; readonly record: CallRecord },
  { prompt, completion }: Estimate,
  run: () => AsyncIterable<T>,
): AsyncGenerator<T> {
  const settle = caller.reserve(prompt + completion);
  let hasBegun = false;
  let hasFinished = false;
  let refused = 0;
  try {
    for await (const event of run()) {
      hasBegun = true;
      hasFinished = event.kind === "finish";
      yield event;
    }
  } catch (thrown) {
    refused = refusedTokens(thrown, prompt);
    throw thrown;
  } finally {
    const read = hasFinished ? (record.promptTokens ?? prompt) : prompt;
    // A job that never began has cost no more than what a model read of it before it refused it.
    settle(hasBegun ? read + (record.completionTokens ?? 0) : refused);
  }
}

/** What a model has read of a prompt that it refused: no more than its context where that was too short. */
function refusedTokens(thrown: unknown, prompt: number): number {
  if (!(thrown instanceof ServeError)) return 0;
  const { reason, facts } = thrown;
  if (reason === "PROMPT_TOO_LONG") return Math.min(prompt, Number(facts["mostTokens"] ?? prompt));
  return reason === "CHAT_TOO_SLOW" || reason === "FIELD_INVALID" ? prompt : 0;
}
