/** Reranking: the documents of a query, in the order of their scores. */
import type { Ranking, RerankRequest, RerankResponse } from "../../gen/inferd/v1/rerank_service.ts";
import type { Handler } from "../calls/call.ts";
import type { Limits } from "../contract/limits.ts";
import { ruleOf } from "../contract/methods.ts";
import { validated } from "../contract/validation/validated.ts";
import type { RerankJob } from "../engines/engine.ts";
import type { Models } from "../models/model.ts";
import type { EncodedItem } from "../workers/messages.ts";
import { assertItemsFit } from "./answer-size.ts";
import { itemErrorOf } from "./item-errors.ts";
import { computeItems } from "./items-call.ts";
import { truncationOf } from "./messages.ts";

export interface RerankOptions {
  readonly models: Models;
  readonly limits: Limits;
}

export interface RerankHandlers {
  readonly rerank: Handler<RerankRequest, RerankResponse>;
}

export function rerankHandlers({ models, limits }: RerankOptions): RerankHandlers {
  return {
    rerank: validated(
      ruleOf("inferd.v1.RerankService/Rerank", limits),
      async function* (request, context) {
        assertFits(request, limits.maxResponseBytes);
        const call = { models, limits, job: jobOf(request), field: "documents" };
        const { items, finish } = await computeItems(request, context, call);
        yield { rankings: rankingsOf(items, request), finish };
      },
    ),
  };
}

function jobOf({ query, documents, truncation, rawScores }: RerankRequest): RerankJob {
  const truncate = truncationOf(truncation);
  return { kind: "items", task: "rerank", items: documents, query, truncate, rawScores };
}

/** Whichever documents turn out to be the best. */
function assertFits(request: RerankRequest, mostBytes: number): void {
  const { documents, topN = Infinity, returnDocuments, allowItemErrors } = request;
  const most = allowItemErrors ? documents.length : Math.min(topN, documents.length);
  const sizes = returnDocuments ? documents.map((document) => Buffer.byteLength(document)) : [];
  const largest = sizes.toSorted((a, b) => b - a).slice(0, most);
  const bytes = largest.reduce((sum, size) => sum + size, 0);
  const advice = "set top_n, leave out return_documents, or send fewer documents";
  assertItemsFit({ count: most, bytes }, mostBytes, { field: "documents", advice });
}

function rankingsOf(items: readonly EncodedItem[], request: RerankRequest): Ranking[] {
  const { documents, topN, returnDocuments } = request;
  const rankings = items.map((item): Ranking => {
    const { index, tokenCount, truncated, error } = item;
    const document = returnDocuments ? (documents[index] ?? "") : "";
    const ranking = { index, score: scoreOf(item), document, tokenCount, truncated };
    return { ...ranking, error: error && itemErrorOf(error) };
  });
  const scored = rankings.filter(({ error }) => error === undefined);
  const failed = rankings.filter(({ error }) => error !== undefined);
  return [...scored.sort((a, b) => b.score - a.score).slice(0, topN), ...failed];
}

/** As the response carries it: what its caller sees as equal must be in the request's order. */
function scoreOf({ value, error }: EncodedItem): number {
  if (error !== undefined) return 0;
  if (value.kind !== "score") throw new Error("bug: a reranking job gave another value");
  return Math.fround(value.score);
}
