/**
 * What a request of the generation service may hold. The same ranges stand in the proto's comments,
 * for callers. What depends on the model is checked by the service that resolved it.
 */
import {
  type Choices,
  type Chat,
  type Constraint,
  type GenerateRequest,
  type Grammar,
  GrammarSyntax,
  type TokenIds,
  ToolMode,
} from "../../../gen/inferd/v1/generation_service.ts";
import type { Sampling } from "../../../gen/inferd/v1/types.ts";
import type { Limits } from "../limits.ts";
import { list, numberMap } from "../validation/collections.ts";
import { message, oneof, pathOf, protoName } from "../validation/messages.ts";
import type { Report } from "../validation/report.ts";
import { optional, type Rule, unbounded } from "../validation/rule.ts";
import { known, number, text } from "../validation/scalars.ts";
import { chat, maxTextBytes } from "./chat.ts";
import { callOptions, modelName, truncation } from "./shared.ts";

const maxUint32 = 2 ** 32 - 1;

const maxGrammarBytes = 262_144;
const maxRegexBytes = 65_536;
const maxChoices = 1024;
const maxChoiceBytes = 4096;

const constraint = message<Constraint>({
  kind: oneof<NonNullable<Constraint["kind"]>>("kind", {
    jsonObject: unbounded,
    jsonSchema: text(maxGrammarBytes, { mayBeEmpty: false }),
    regex: text(maxRegexBytes, { mayBeEmpty: false }),
    grammar: message<Grammar>({
      syntax: known(GrammarSyntax, { required: true }),
      text: text(maxGrammarBytes, { mayBeEmpty: false }),
    }),
    choices: message<Choices>({
      texts: list(text(maxChoiceBytes, { mayBeEmpty: false }), { min: 1, max: maxChoices }),
    }),
  }),
  closeAtLength: unbounded,
});

type GenerateInput = NonNullable<GenerateRequest["input"]>;

function input({ maxPromptTokens }: Limits): Rule<GenerateRequest["input"]> {
  // No end is cut off here, as it is of texts: a caller that counts tokens can cut them.
  const ids = list(unbounded, { min: 1, max: maxPromptTokens });
  return oneof<GenerateInput>("input", {
    prompt: text(maxTextBytes, { mayBeEmpty: false }),
    chat,
    tokenIds: message<TokenIds>({ ids }),
  });
}

function sampling(limits: Limits): Rule<Sampling> {
  return message<Sampling>(
    {
      temperature: optional(number({ min: 0, max: 2 })),
      topK: optional(number({ min: 0, max: 1_000_000 })),
      topP: optional(number({ min: 0, max: 1, above: true })),
      minP: optional(number({ min: 0, max: 1 })),
      typicalP: optional(number({ min: 0, max: 1, above: true })),
      repetitionPenalty: optional(number({ min: 0, max: 10, above: true })),
      presencePenalty: optional(number({ min: -2, max: 2 })),
      frequencyPenalty: optional(number({ min: -2, max: 2 })),
      penaltyLastN: optional(number({ min: 0, max: 1_000_000 })),
      seed: unbounded,
      // More than the context or the server's limit has room for is as much as they have room for.
      maxTokens: optional(number({ min: 1, max: maxUint32 })),
      minTokens: unbounded,
      logitBias: numberMap(number({ min: -100, max: 100 }), limits.maxLogitBias),
      ignoreEos: unbounded,
      stop: list(text(limits.maxStopBytes, { mayBeEmpty: false }), { max: limits.maxStops }),
    },
    ({ minTokens, maxTokens }, at, report) => {
      if (minTokens !== undefined && maxTokens !== undefined && minTokens > maxTokens) {
        report.add(pathOf(at, "minTokens"), "CONFLICT", "must be at most max_tokens");
      }
    },
  );
}

function checkTogether(request: GenerateRequest, at: string, report: Report): void {
  promptIsText(request, at, report);
  const { input, constraint } = request;
  if (constraint === undefined || input?.$case !== "chat" || !offersTools(input.value)) return;
  const description = "must not be set with chat.tools, unless tool_choice is TOOL_MODE_NONE";
  report.add(pathOf(at, "constraint"), "CONFLICT", description);
}

function offersTools({ tools, toolChoice }: Chat): boolean {
  const { $case, value } = toolChoice?.kind ?? {};
  return tools.length > 0 && !($case === "mode" && value === ToolMode.NONE);
}

function promptIsText(request: GenerateRequest, at: string, report: Report): void {
  const kind = request.input?.$case;
  if (request.includePrompt && kind !== undefined && kind !== "prompt") {
    const description = `must not be set with ${protoName(kind)}: it is for prompts`;
    report.add(pathOf(at, "includePrompt"), "CONFLICT", description);
  }
}

export function generateRequest(limits: Limits): Rule<GenerateRequest> {
  return message<GenerateRequest>(
    {
      model: modelName,
      input: input(limits),
      sampling: optional(sampling(limits)),
      includePrompt: unbounded,
      returnTokenIds: unbounded,
      truncation,
      constraint: optional(constraint),
      call: callOptions,
    },
    checkTogether,
  );
}
