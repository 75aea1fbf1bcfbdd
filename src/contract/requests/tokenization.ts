/** What a request of the tokenization service may hold. The same ranges stand in the proto's comments, for callers. */
import type { Chat } from "../../../gen/inferd/v1/generation_service.ts";
import type {
  DetokenizeRequest,
  TokenizeRequest,
} from "../../../gen/inferd/v1/tokenization_service.ts";
import { mostQuestionBytes } from "../../engines/question-size.ts";
import { list } from "../validation/collections.ts";
import { message, oneof, pathOf } from "../validation/messages.ts";
import type { Report } from "../validation/report.ts";
import { type Rule, unbounded } from "../validation/rule.ts";
import { text } from "../validation/scalars.ts";
import { chat } from "./chat.ts";
import { callOptions, modelName } from "./shared.ts";

/** Each piece is a message of its own, and a byte can be a token. */
const maxPiecesBytes = 65_536;
const maxTokenIds = mostQuestionBytes / Uint32Array.BYTES_PER_ELEMENT;

export function tokenizeRequest(): Rule<TokenizeRequest> {
  return message<TokenizeRequest>(
    {
      model: modelName,
      input: oneof<NonNullable<TokenizeRequest["input"]>>("input", {
        text: text(mostQuestionBytes, { mayBeEmpty: true }),
        chat,
      }),
      addSpecial: unbounded,
      parseSpecial: unbounded,
      countOnly: unbounded,
      withPieces: unbounded,
      call: callOptions,
    },
    checkTogether,
  );
}

export function detokenizeRequest(): Rule<DetokenizeRequest> {
  return message<DetokenizeRequest>({
    model: modelName,
    tokenIds: list(unbounded, { max: maxTokenIds }),
    skipSpecial: unbounded,
    call: callOptions,
  });
}

function checkTogether(request: TokenizeRequest, at: string, report: Report): void {
  if (request.countOnly && request.withPieces) {
    report.add(pathOf(at, "withPieces"), "CONFLICT", "must not be set with count_only");
  }
  if (request.input?.$case === "chat") checkWithChat(request, at, report);
  checkLength(request, at, report);
}

function checkWithChat(request: TokenizeRequest, at: string, report: Report): void {
  const decided = "must not be set with chat: its template decides";
  if (request.addSpecial !== undefined) report.add(pathOf(at, "addSpecial"), "CONFLICT", decided);
  if (request.parseSpecial) report.add(pathOf(at, "parseSpecial"), "CONFLICT", decided);
}

function checkLength({ input, withPieces }: TokenizeRequest, at: string, report: Report): void {
  const most = withPieces ? maxPiecesBytes : mostQuestionBytes;
  if (input === undefined || bytesOf(input) <= most) return;
  const longest = `must have at most ${most} bytes${withPieces ? " with with_pieces" : ""}`;
  const description = input.$case === "chat" ? `${longest} in all its texts` : longest;
  report.add(pathOf(at, input.$case), "TOO_LONG", description);
}

function bytesOf(input: NonNullable<TokenizeRequest["input"]>): number {
  return input.$case === "text" ? Buffer.byteLength(input.value) : chatBytes(input.value);
}

/** Of all that the template is given. */
function chatBytes({ messages, tools, templateArguments }: Chat): number {
  const said = messages.flatMap(({ content, reasoning, toolCalls }) => [
    ...[content, reasoning],
    ...toolCalls.flatMap(({ name, argumentsJson }) => [name, argumentsJson]),
  ]);
  const offered = tools.flatMap(({ kind }) => [
    ...[kind?.value.name, kind?.value.description, kind?.value.parametersSchema],
  ]);
  const more = templateArguments === undefined ? "" : JSON.stringify(templateArguments);
  return [...said, ...offered, more].reduce((sum, text = "") => sum + Buffer.byteLength(text), 0);
}
