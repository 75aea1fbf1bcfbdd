/** What a generation call asks of a model: checked against it, and as a job. */
import { randomInt } from "node:crypto";
import type { GenerateRequest } from "../../gen/inferd/v1/generation_service.ts";
import { ServeError } from "../base/errors.ts";
import type { CallContext } from "../calls/call.ts";
import type { Limits } from "../contract/limits.ts";
import { Report } from "../contract/validation/report.ts";
import type { CompletionJob } from "../engines/engine.ts";
import type { ModelStatus } from "../models/model.ts";
import { inputOf } from "./generation-input.ts";
import { truncationOf } from "./messages.ts";
import { cacheScopeOf } from "./origin.ts";
import { checkSampling, outsideVocabulary, resolveSampling, vocabularyOf } from "./sampling.ts";

interface JobOptions {
  readonly limits: Limits;
  readonly caller: CallContext["caller"];
  /** Undefined takes the system's randomness. */
  readonly drawSeed?: () => number;
}

/** Checks what only the model knows. Throws one error that names every wrong field. */
export function checkAgainst(request: GenerateRequest, model: ModelStatus): void {
  const { input } = request;
  const { chat = false, chatFault: fault } = model.info?.tasks.generate ?? {};
  if (input?.$case === "chat" && !chat) {
    const { name } = model.manifest;
    const why = fault === undefined ? "has no chat template" : `takes no chat: ${fault}`;
    const message = `model ${name} ${why}; send a prompt, or set chat_template in its manifest`;
    throw new ServeError("NO_CHAT_TEMPLATE", message, { facts: { model: name } });
  }
  const report = new Report();
  checkFields(request, model, report);
  report.throwIfAny();
}

/** Adds what is wrong with the fields for this model. */
export function checkFields(
  { input, sampling }: GenerateRequest,
  model: ModelStatus,
  report: Report,
): void {
  checkSampling(sampling, model, report);
  const vocabularySize = vocabularyOf(model);
  for (const [index, id] of input?.$case === "tokenIds" ? input.value.ids.entries() : []) {
    if (id < vocabularySize) continue;
    report.add(`token_ids.ids[${index}]`, "UNKNOWN_VALUE", outsideVocabulary(vocabularySize));
  }
}

/** The job, with its seed as the caller knows it. */
export function jobOf(
  request: GenerateRequest,
  model: ModelStatus,
  { limits, drawSeed, caller }: JobOptions,
): { readonly job: CompletionJob; readonly seed: bigint } {
  const draw = drawSeed ?? (() => randomInt(0, 2 ** 32 - 1));
  const resolved = resolveSampling(request.sampling, { model, limits, drawSeed: draw });
  const { seed, stop, sampling } = resolved;
  const job: CompletionJob = {
    kind: "completion",
    input: inputOf(request),
    sampling,
    stop,
    truncate: truncationOf(request.truncation),
    maxPromptTokens: limits.maxPromptTokens,
    returnTokenIds: request.returnTokenIds,
    cacheScope: cacheScopeOf(caller, request.call),
  };
  return { job, seed };
}
