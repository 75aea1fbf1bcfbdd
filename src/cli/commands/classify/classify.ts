/** `inferd classify`: the labels of one text per line, in the order of the texts. */
import {
  Classification,
  ClassificationServiceService,
  ClassifyRequest,
} from "../../../../gen/inferd/v1/classification_service.ts";
import type { Server } from "../../client.ts";
import { jsonWriter } from "../../contract.ts";
import { eachText } from "../../each-text.ts";
import { type ScoreFlags, scoresRequestOf } from "../../items-request.ts";
import { writeJson } from "../../print.ts";

export interface ClassifyFlags extends ScoreFlags {
  readonly pair: string;
}

export async function classify(texts: readonly string[], flags: ClassifyFlags): Promise<void> {
  await eachText(texts, {
    flags,
    ask: (server, group) => classifyGroup(server, group, flags),
    print: flags.json === true ? jsonPrinter() : printLabels,
    errorOf: ({ error }) => error,
  });
}

async function* classifyGroup(
  server: Server,
  texts: readonly string[],
  flags: ClassifyFlags,
): AsyncIterable<Classification> {
  const request = ClassifyRequest.fromPartial({
    ...scoresRequestOf(flags),
    inputs: texts.map((text) => ({ text, pair: flags.pair })),
  });
  for await (const response of server.call(ClassificationServiceService.classify, [request])) {
    yield* response.classifications;
  }
}

/** The likeliest label first. A text without labels is `null`, so that line n belongs to text n. */
async function printLabels({ labels, error }: Classification): Promise<void> {
  const scores = Object.fromEntries(labels.map(({ name, score }) => [name, score]));
  await writeJson(error === undefined ? scores : null);
}

function jsonPrinter(): (classification: Classification) => Promise<void> {
  const toJson = jsonWriter("inferd.v1.Classification");
  return ({ index, labels, ...classification }) => {
    // The contract's JSON omits zeros. Scripts read those too.
    const rest = toJson(
      Classification.encode({ ...classification, index: 0, labels: [] }).finish(),
    );
    return writeJson({ index, labels, ...Object(rest) });
  };
}
