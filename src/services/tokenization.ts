/** Tokens of texts and texts of tokens: one question to a worker each, with no job and no place in a queue. */
import type {
  DetokenizeRequest,
  DetokenizeResponse,
  TokenizeRequest,
  TokenizeResponse,
} from "../../gen/inferd/v1/tokenization_service.ts";
import type { CallContext, Handler } from "../calls/call.ts";
import type { Limits } from "../contract/limits.ts";
import { ruleOf } from "../contract/methods.ts";
import { Report } from "../contract/validation/report.ts";
import { validated } from "../contract/validation/validated.ts";
import type { AnswerTo } from "../engines/engine.ts";
import type { Models } from "../models/model.ts";
import { assertDetokenizedFits, assertTokensFit } from "./answer-size.ts";
import { taskOfMeant } from "./any-task.ts";
import { type CallModel, modelFor, type ModelRequest } from "./call-model.ts";
import { checkAllChatJson } from "./chat-json.ts";
import { checkChatParts } from "./chat-tools.ts";
import { chatOf } from "./chat-input.ts";
import { assertChat } from "./generation-job.ts";
import { versionOf } from "./messages.ts";
import { tokenPieces } from "./tokenization-messages.ts";
import { checkIds } from "./vocabulary.ts";

export interface TokenizationOptions {
  readonly models: Models;
  readonly limits: Limits;
}

export interface TokenizationHandlers {
  readonly tokenize: Handler<TokenizeRequest, TokenizeResponse>;
  readonly detokenize: Handler<DetokenizeRequest, DetokenizeResponse>;
}

export function tokenizationHandlers({
  models,
  limits,
}: TokenizationOptions): TokenizationHandlers {
  const mostBytes = limits.maxResponseBytes;
  const find = (request: ModelRequest, context: CallContext) => {
    const task = taskOfMeant(models, request.model);
    // What it holds while its model loads is one message, which other limits bound.
    return modelFor(request, context, { models, limits, task, tokens: () => 0 });
  };
  return {
    tokenize: validated(
      ruleOf("inferd.v1.TokenizationService/Tokenize", limits),
      async function* (request, context) {
        const model = await find(request, context);
        yield tokenized(request, { ...(await ask(request, model)), model, mostBytes });
      },
    ),
    detokenize: validated(
      ruleOf("inferd.v1.TokenizationService/Detokenize", limits),
      async function* ({ tokenIds, skipSpecial, ...request }, context) {
        const model = await find(request, context);
        const report = new Report();
        checkIds(tokenIds, { at: "token_ids", model: model.status, report });
        report.throwIfAny();
        const ids = Uint32Array.from(tokenIds);
        const text = await model.ask({ kind: "detokenize", ids, skipSpecial });
        assertDetokenizedFits(text, mostBytes);
        yield { text, model: versionOf(model.status) };
      },
    ),
  };
}

type Answer = AnswerTo<{ kind: "tokenizeChat"; messages: []; withPieces: boolean }>;

async function ask(request: TokenizeRequest, model: CallModel): Promise<Answer> {
  const { input, addSpecial = true, parseSpecial, withPieces } = request;
  if (input?.$case === "chat") {
    assertChat(model.status, "send a text");
    checkChatParts(input, model.status);
    await checkAllChatJson(input);
    return model.ask({ kind: "tokenizeChat", ...chatOf(input.value), withPieces });
  }
  const text = input?.value ?? "";
  const answer = await model.ask({ kind: "tokenize", text, addSpecial, parseSpecial, withPieces });
  return { ...answer, text: "" };
}

interface Answered extends Answer {
  readonly model: CallModel;
  readonly mostBytes: number;
}

function tokenized(
  { countOnly }: TokenizeRequest,
  { ids, pieces, text, model, mostBytes }: Answered,
): TokenizeResponse {
  const count = { count: ids.length, model: versionOf(model.status) };
  if (countOnly) return { ...count, tokenIds: [], pieces: [], text: "" };
  const size = { tokens: ids.length, pieceBytes: pieces?.bytes.length };
  assertTokensFit({ ...size, textBytes: Buffer.byteLength(text) }, mostBytes);
  return { ...count, tokenIds: Array.from(ids), pieces: tokenPieces(pieces), text };
}
