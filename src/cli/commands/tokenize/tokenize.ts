/** `inferd tokenize`: the tokens of a text, in colours on a terminal. */
import { Role } from "../../../../gen/inferd/v1/generation_service.ts";
import {
  TokenizationServiceService,
  TokenizeRequest,
  TokenizeResponse,
} from "../../../../gen/inferd/v1/tokenization_service.ts";
import { callOptionsOf } from "../../call-options.ts";
import { withServer } from "../../client.ts";
import { jsonWriter } from "../../contract.ts";
import { UsageError } from "../../failure.ts";
import type { CallOptionFlags } from "../../flags/call-options.ts";
import type { ConnectionFlags } from "../../flags/connection.ts";
import { readText } from "../../input.ts";
import { quantity, remark, write, writeJson } from "../../print.ts";
import { coloured, linesOf } from "./pieces.ts";

export interface TokenizeFlags extends ConnectionFlags, CallOptionFlags {
  readonly model: string;
  readonly chat?: boolean;
  readonly special: boolean;
  readonly parseSpecial?: boolean;
  readonly count?: boolean;
  readonly ids?: boolean;
  readonly json?: boolean;
}

export async function tokenize(argument: string | undefined, flags: TokenizeFlags): Promise<void> {
  if (flags.count === true && flags.ids === true) {
    throw new UsageError("--count and --ids cannot be used together");
  }
  const request = requestOf(await readText(argument, "the text"), flags);
  await withServer(flags, async (server) => {
    for await (const response of server.call(TokenizationServiceService.tokenize, [request])) {
      await print(response, flags);
    }
  });
}

function requestOf(text: string, flags: TokenizeFlags): TokenizeRequest {
  const { model, chat, special, parseSpecial = false, count = false, ids = false } = flags;
  const call = callOptionsOf(flags);
  const messages = [{ role: Role.USER, content: text }];
  return TokenizeRequest.fromPartial({
    model,
    input: chat === true ? { $case: "chat", value: { messages } } : { $case: "text", value: text },
    ...(!special && { addSpecial: false }),
    parseSpecial,
    countOnly: count,
    withPieces: !count && !ids,
    ...(call !== undefined && { call }),
  });
}

async function print(response: TokenizeResponse, flags: TokenizeFlags): Promise<void> {
  const { count, tokenIds, pieces } = response;
  if (flags.json === true) {
    await writeJson(
      jsonWriter("inferd.v1.TokenizeResponse")(TokenizeResponse.encode(response).finish()),
    );
  } else if (flags.count === true) {
    await write(`${count}\n`);
  } else if (flags.ids === true) {
    await write(`${tokenIds.join(" ")}\n`);
  } else if (process.stdout.isTTY && process.stdout.hasColors()) {
    await write(`${coloured(pieces)}\n`);
    remark(quantity(count, "token"));
  } else {
    await write(linesOf(tokenIds, pieces));
  }
}
