/** What a generation call asks of a model: checked against it, and as a job. */
import { randomInt } from "node:crypto";
import type { GenerateRequest } from "../../gen/inferd/v1/generation_service.ts";
import { ServeError } from "../base/errors.ts";
import type { CallContext } from "../calls/call.ts";
import type { Limits } from "../contract/limits.ts";
import { Report } from "../contract/validation/report.ts";
import type { CompletionJob } from "../engines/engine.ts";
import type { ModelStatus } from "../models/model.ts";
import { checkEnforced, constraintOf } from "./constraint.ts";
import { inputOf } from "./generation-input.ts";
import { truncationOf } from "./messages.ts";
import { cacheScopeOf } from "./origin.ts";
import { checkSampling, resolveSampling } from "./sampling.ts";
import { checkIds } from "./vocabulary.ts";

interface JobOptions {
  readonly limits: Limits;
  readonly caller: CallContext["caller"];
  /** Undefined takes the system's randomness. */
  readonly drawSeed?: () => number;
}

/** Checks what only the model knows. Throws one error that names every wrong field. */
export function checkAgainst(request: GenerateRequest, model: ModelStatus): void {
  const { input } = request;
  if (input?.$case === "chat") assertChat(model, "send a prompt");
  const report = new Report();
  checkFields(request, model, report);
  report.throwIfAny();
  checkEnforced(request.constraint, model);
}

/** Throws NO_CHAT_TEMPLATE for a model that takes no chat. `instead`: what its caller can do. */
export function assertChat({ manifest, info }: ModelStatus, instead: string): void {
  const { chat = false, chatFault: fault } = info?.tasks.generate ?? {};
  if (chat) return;
  const { name } = manifest;
  const why = fault === undefined ? "has no chat template" : `takes no chat: ${fault}`;
  const message = `model ${name} ${why}; ${instead}, or set chat_template in its manifest`;
  throw new ServeError("NO_CHAT_TEMPLATE", message, { facts: { model: name } });
}

/** Adds what is wrong with the fields for this model. */
export function checkFields(
  { input, sampling }: GenerateRequest,
  model: ModelStatus,
  report: Report,
): void {
  checkSampling(sampling, model, report);
  if (input?.$case === "tokenIds")
    checkIds(input.value.ids, { at: "token_ids.ids", model, report });
}

function constrained(
  constraint: NonNullable<GenerateRequest["constraint"]>,
): Pick<CompletionJob, "constraint" | "closesAtLength"> {
  const { closeAtLength } = constraint;
  return { constraint: constraintOf(constraint), ...(closeAtLength && { closesAtLength: true }) };
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
    ...(request.constraint && constrained(request.constraint)),
    cacheScope: cacheScopeOf(caller, request.call),
  };
  return { job, seed };
}
