/** `inferd embed`: one vector per line, in the order of the texts. */
import {
  Embedding,
  EmbeddingServiceService,
  EmbedRequest,
} from "../../../../gen/inferd/v1/embedding_service.ts";
import { callOptionsOf } from "../../call-options.ts";
import { type Server, withServer } from "../../client.ts";
import { jsonWriter } from "../../contract.ts";
import { Reported } from "../../failure.ts";
import type { CallOptionFlags } from "../../flags/call-options.ts";
import type { ConnectionFlags } from "../../flags/connection.ts";
import { groups, readLines } from "../../input.ts";
import { quantity, remark, say, writeJson } from "../../print.ts";
import { truncations } from "../../truncations.ts";
import { tokenIdsIn } from "./token-ids.ts";

export interface EmbedFlags extends ConnectionFlags, CallOptionFlags {
  readonly model: string;
  /** Undefined if neither flag is given: the model decides. */
  readonly normalize?: boolean;
  readonly promptName?: string;
  readonly dimensions?: number;
  readonly truncation: keyof typeof truncations;
  readonly tokenIds?: boolean;
  readonly json?: boolean;
}

/** Texts per call: few enough for any server's limit, enough to fill its batches. */
const textsPerCall = 512;

export async function embed(texts: readonly string[], flags: EmbedFlags): Promise<void> {
  const print = flags.json === true ? jsonPrinter() : printVector;
  const counts = { texts: 0, failed: 0, tokens: 0 };
  const began = performance.now();
  await withServer(flags, async (server) => {
    for await (const group of groups(readLines(texts, "the texts"), textsPerCall)) {
      const inputs = inputsOf(group, { first: counts.texts, areIds: flags.tokenIds === true });
      for await (const embedding of embedGroup(server, inputs, flags)) {
        const index = counts.texts;
        counts.texts += 1;
        counts.tokens += embedding.tokenCount;
        await print({ ...embedding, index });
        if (embedding.value?.$case !== "error") continue;
        counts.failed += 1;
        const { reason, message } = embedding.value.value;
        say(`inferd: text ${index}: ${reason}: ${message}`);
      }
    }
  });
  const took = ((performance.now() - began) / 1000).toFixed(2);
  remark(`${quantity(counts.texts, "text")} of ${quantity(counts.tokens, "token")} in ${took} s`);
  if (counts.failed > 0) throw new Reported();
}

type Inputs = Partial<Pick<EmbedRequest, "inputs" | "tokenInputs">>;

function inputsOf(group: string[], { first, areIds }: { first: number; areIds: boolean }): Inputs {
  if (!areIds) return { inputs: group };
  return { tokenInputs: group.map((text, place) => ({ ids: tokenIdsIn(text, first + place) })) };
}

async function* embedGroup(
  server: Server,
  inputs: Inputs,
  flags: EmbedFlags,
): AsyncIterable<Embedding> {
  const call = callOptionsOf(flags);
  const request = EmbedRequest.fromPartial({
    model: flags.model,
    ...inputs,
    truncation: truncations[flags.truncation],
    allowItemErrors: true,
    ...(flags.normalize === undefined ? {} : { normalize: flags.normalize }),
    ...(flags.promptName === undefined ? {} : { promptName: flags.promptName }),
    ...(call !== undefined && { call }),
    ...(flags.dimensions === undefined ? {} : { dimensions: flags.dimensions }),
  });
  for await (const { event } of server.call(EmbeddingServiceService.embedStream, [request])) {
    if (event?.$case === "embedding") yield event.value;
  }
}

/** A text without a vector is `null`, so that line n belongs to text n. */
async function printVector({ value }: Embedding): Promise<void> {
  await writeJson(value?.$case === "float32" ? value.value.values : null);
}

function jsonPrinter(): (embedding: Embedding) => Promise<void> {
  const toJson = jsonWriter("inferd.v1.Embedding");
  return (embedding) => {
    // The contract's JSON omits zeros. Scripts read `index` of the first text too.
    const rest = toJson(Embedding.encode({ ...embedding, index: 0 }).finish());
    return writeJson({ index: embedding.index, ...Object(rest) });
  };
}
