/** `inferd rerank`: one document per line, the best first. */
import {
  Ranking,
  RerankRequest,
  RerankServiceService,
} from "../../../../gen/inferd/v1/rerank_service.ts";
import { type Server, withServer } from "../../client.ts";
import { jsonWriter } from "../../contract.ts";
import { Reported } from "../../failure.ts";
import { groups, readLines } from "../../input.ts";
import { type ScoreFlags, scoresRequestOf, textsPerCall } from "../../items-request.ts";
import { remarkTime, say, write, writeJson } from "../../print.ts";

export type RerankFlags = ScoreFlags;

export async function rerank(
  query: string,
  documents: readonly string[],
  flags: RerankFlags,
): Promise<void> {
  const all: Ranking[] = [];
  const began = performance.now();
  let asked = 0;
  await withServer(flags, async (server) => {
    // A document's score does not depend on the others of its call.
    for await (const group of groups(readLines(documents, "the documents"), textsPerCall)) {
      const rankings = await rerankGroup(server, { query, documents: group }, flags);
      for (const { index, ...each } of rankings) {
        all.push({ ...each, index: asked + index, document: group[index] ?? "" });
      }
      asked += group.length;
    }
  });
  const scored = all.filter(({ error }) => error === undefined);
  const failed = all.filter(({ error }) => error !== undefined);
  const best = scored.toSorted((a, b) => b.score - a.score || a.index - b.index);
  const print = flags.json === true ? jsonPrinter() : printLine;
  for (const ranking of best.slice(0, flags.top)) await print(ranking);
  for (const ranking of failed) await report(ranking, flags.json === true ? print : undefined);
  const tokens = all.reduce((sum, { tokenCount }) => sum + tokenCount, 0);
  remarkTime(asked, "document", { tokens, began });
  if (failed.length > 0) throw new Reported();
}

async function rerankGroup(
  server: Server,
  asked: Pick<RerankRequest, "query" | "documents">,
  flags: RerankFlags,
): Promise<readonly Ranking[]> {
  const request = RerankRequest.fromPartial({
    ...scoresRequestOf(flags),
    ...asked,
  });
  const rankings: Ranking[] = [];
  for await (const response of server.call(RerankServiceService.rerank, [request])) {
    rankings.push(...response.rankings);
  }
  return rankings;
}

async function printLine({ score, document }: Ranking): Promise<void> {
  await write(`${score.toFixed(6)}\t${document}\n`);
}

async function report(
  ranking: Ranking,
  print: ((ranking: Ranking) => Promise<void>) | undefined,
): Promise<void> {
  const { index, error } = ranking;
  await print?.(ranking);
  say(`inferd: document ${index}: ${error?.reason ?? ""}: ${error?.message ?? ""}`);
}

function jsonPrinter(): (ranking: Ranking) => Promise<void> {
  const toJson = jsonWriter("inferd.v1.Ranking");
  return (ranking) => {
    // The contract's JSON omits zeros. Scripts read those too.
    const rest = toJson(Ranking.encode({ ...ranking, index: 0, score: 0 }).finish());
    const { index, score, error } = ranking;
    return writeJson({ index, ...(error === undefined && { score }), ...Object(rest) });
  };
}
