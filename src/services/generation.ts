/** Generation: both methods are one core, which turns a job's events into a stream of messages. */
import type {
  GenerateRequest,
  GenerateResponse,
  GenerateStreamResponse,
  Started,
} from "../../gen/inferd/v1/generation_service.ts";
import type { CallContext, Handler } from "../calls/call.ts";
import type { Limits } from "../contract/limits.ts";
import { ruleOf } from "../contract/methods.ts";
import type { Report } from "../contract/validation/report.ts";
import { validated } from "../contract/validation/validated.ts";
import { queuePromptEstimate } from "../jobs/token-estimates.ts";
import type { Models } from "../models/model.ts";
import { assertTextFits } from "./answer-size.ts";
import { modelFor } from "./call-model.ts";
import { checkChatParts, offeredTools } from "./chat-tools.ts";
import { checkAllChatJson } from "./chat-json.ts";
import { collect } from "./collect.ts";
import { inputOf, promptToRepeat } from "./generation-input.ts";
import { checkAgainst, checkFields, jobOf } from "./generation-job.ts";
import { type GenerationResponse, responseOf } from "./generation-messages.ts";
import { versionOf } from "./messages.ts";
import { lookAt } from "./model-access.ts";

export interface GenerationOptions {
  readonly models: Models;
  readonly limits: Limits;
  /** Draws a seed from 0 to 4,294,967,294. Undefined takes the system's randomness. */
  readonly drawSeed?: () => number;
}

export interface GenerationHandlers {
  readonly generate: Handler<GenerateRequest, GenerateResponse>;
  readonly generateStream: Handler<GenerateRequest, GenerateStreamResponse>;
}

export function generationHandlers(options: GenerationOptions): GenerationHandlers {
  const { limits } = options;
  const stream = (request: GenerateRequest, context: CallContext) =>
    generate(request, context, options);
  const alsoCheck = (request: GenerateRequest, context: CallContext, report: Report): void => {
    const status = lookAt(context, options.models, { name: request.model, task: "generate" });
    if (status !== undefined) checkFields(request, status, report);
  };
  return {
    generate: validated(
      ruleOf("inferd.v1.GenerationService/Generate", limits),
      async function* (request, context) {
        const mostBytes = limits.maxResponseBytes;
        // What the caller can ask less of.
        const field = request.includePrompt ? "include_prompt" : "sampling.max_tokens";
        const fits = (bytes: number): void => assertTextFits(bytes, mostBytes, field);
        fits(Buffer.byteLength(promptToRepeat(request)));
        yield await collect(stream(request, context), fits);
      },
      alsoCheck,
    ),
    generateStream: validated(
      ruleOf("inferd.v1.GenerationService/GenerateStream", limits),
      stream,
      alsoCheck,
    ),
  };
}

async function* generate(
  request: GenerateRequest,
  context: CallContext,
  options: GenerationOptions,
): AsyncGenerator<GenerationResponse> {
  const tokens = () => queuePromptEstimate({ kind: "completion", input: inputOf(request) });
  const model = await modelFor(request, context, { ...options, task: "generate", tokens });
  const { status } = model;
  checkAgainst(request, status);
  checkChatParts(request.input, status);
  await checkAllChatJson(request.input);
  const { job, seed } = jobOf(request, status, { ...options, caller: context.caller });
  const { constraint } = job;
  // Before the call is queued: a refused call takes no place in the queue.
  if (constraint !== undefined) await model.ask({ kind: "prepareConstraint", constraint });
  const offered = offeredTools(job.input);
  if (offered !== undefined) await model.ask({ kind: "prepareTools", ...offered });
  const { requestId } = context;
  const started: Started = { model: versionOf(status), seed, requestId };
  let hasStarted = false;
  for await (const event of model.start(job)) {
    if (!hasStarted) {
      hasStarted = true;
      yield { event: { $case: "started", value: started } };
      const prompt = promptToRepeat(request);
      if (prompt !== "") yield { event: { $case: "piece", value: { text: prompt, tokenIds: [] } } };
    }
    const response = responseOf(event, started);
    if (response !== undefined) yield response;
  }
}
