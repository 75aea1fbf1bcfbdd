/** `inferd embed`: one vector per line, in the order of the texts. */
import {
  Embedding,
  EmbeddingServiceService,
  EmbedRequest,
} from "../../../../gen/inferd/v1/embedding_service.ts";
import type { Server } from "../../client.ts";
import { jsonWriter } from "../../contract.ts";
import { eachText } from "../../each-text.ts";
import { type ItemsFlags, itemsRequestOf } from "../../items-request.ts";
import { writeJson } from "../../print.ts";
import { plainVector } from "./plain-vector.ts";
import { tokenIdsIn } from "./token-ids.ts";

export interface EmbedFlags extends ItemsFlags {
  /** Undefined if neither flag is given: the model decides. */
  readonly normalize?: boolean;
  readonly promptName?: string;
  readonly dimensions?: number;
  readonly tokenIds?: boolean;
  readonly tokenVectors?: boolean;
  readonly maxActiveDims?: number;
}

export async function embed(texts: readonly string[], flags: EmbedFlags): Promise<void> {
  const areIds = flags.tokenIds === true;
  await eachText(texts, {
    flags,
    ask: (server, group, first) => embedGroup(server, inputsOf(group, { first, areIds }), flags),
    print: flags.json === true ? jsonPrinter() : printVector,
    errorOf: ({ value }) => (value?.$case === "error" ? value.value : undefined),
  });
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
  const request = EmbedRequest.fromPartial({
    ...itemsRequestOf(flags),
    ...inputs,
    ...(flags.normalize === undefined ? {} : { normalize: flags.normalize }),
    ...(flags.promptName === undefined ? {} : { promptName: flags.promptName }),
    ...(flags.dimensions === undefined ? {} : { dimensions: flags.dimensions }),
    ...(flags.maxActiveDims === undefined ? {} : { maxActiveDims: flags.maxActiveDims }),
    ...(flags.tokenVectors === true && { tokenVectors: true }),
  });
  for await (const { event } of server.call(EmbeddingServiceService.embedStream, [request])) {
    if (event?.$case === "embedding") yield event.value;
  }
}

async function printVector(embedding: Embedding): Promise<void> {
  await writeJson(plainVector(embedding));
}

function jsonPrinter(): (embedding: Embedding) => Promise<void> {
  const toJson = jsonWriter("inferd.v1.Embedding");
  return (embedding) => {
    // The contract's JSON omits zeros. Scripts read `index` of the first text too.
    const rest = toJson(Embedding.encode({ ...embedding, index: 0 }).finish());
    return writeJson({ index: embedding.index, ...Object(rest) });
  };
}
