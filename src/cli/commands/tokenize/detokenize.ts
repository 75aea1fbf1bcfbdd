/** `inferd detokenize`: the text of tokens. */
import {
  DetokenizeRequest,
  DetokenizeResponse,
  TokenizationServiceService,
} from "../../../../gen/inferd/v1/tokenization_service.ts";
import { callOptionsOf } from "../../call-options.ts";
import { withServer } from "../../client.ts";
import { jsonWriter } from "../../contract.ts";
import { UsageError } from "../../failure.ts";
import type { CallOptionFlags } from "../../flags/call-options.ts";
import type { ConnectionFlags } from "../../flags/connection.ts";
import { readText } from "../../input.ts";
import { write, writeJson } from "../../print.ts";

export interface DetokenizeFlags extends ConnectionFlags, CallOptionFlags {
  readonly model: string;
  readonly skipSpecial?: boolean;
  readonly json?: boolean;
}

export async function detokenize(args: readonly string[], flags: DetokenizeFlags): Promise<void> {
  const given = args.length > 0 ? args.join(" ") : undefined;
  const call = callOptionsOf(flags);
  const request = DetokenizeRequest.fromPartial({
    model: flags.model,
    tokenIds: idsOf(await readText(given, "the ids")),
    skipSpecial: flags.skipSpecial === true,
    ...(call !== undefined && { call }),
  });
  await withServer(flags, async (server) => {
    for await (const response of server.call(TokenizationServiceService.detokenize, [request])) {
      if (flags.json === true) {
        const toJson = jsonWriter("inferd.v1.DetokenizeResponse");
        await writeJson(toJson(DetokenizeResponse.encode(response).finish()));
      } else await write(`${response.text}\n`);
    }
  });
}

const largest = 2 ** 32 - 1;

/** Ids with white space or commas between them, as JSON has them too. */
function idsOf(text: string): readonly number[] {
  return text
    .split(/[\s,[\]]+/)
    .filter((word) => word !== "")
    .map((word) => {
      const id = /^\d+$/.test(word) ? Number(word) : NaN;
      if (id <= largest) return id;
      throw new UsageError(`the ids: ${JSON.stringify(word)} is no token id`);
    });
}
