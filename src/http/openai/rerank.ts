/** `POST /v1/rerank`, as Jina, Cohere and vLLM have it. */
import {
  RerankRequest as RerankRequestMessage,
  type Ranking,
  type RerankResponse,
} from "../../../gen/inferd/v1/rerank_service.ts";
import type { RerankHandlers } from "../../services/rerank.ts";
import type { Parameters } from "../parameters.ts";
import type { Route } from "../route.ts";
import { listOf } from "./items.ts";
import { callOptionsOf } from "./sampling.ts";
import { boolean, model, orNull, string, uint32, user } from "./schemas.ts";

const document = {
  anyOf: [
    string,
    {
      type: "object",
      properties: { text: string },
      required: ["text"],
      additionalProperties: false,
    },
  ],
};

const parameters = {
  model,
  query: { schema: string, field: "query", required: true },
  documents: {
    schema: { type: "array", items: document, minItems: 1 },
    field: "documents",
    required: true,
  },
  top_n: { schema: orNull(uint32), field: "top_n" },
  return_documents: { schema: orNull(boolean), field: "return_documents" },
  raw_scores: { schema: orNull(boolean), field: "raw_scores" },
  user,
} as const satisfies Parameters;

interface RerankBody {
  readonly model: string;
  readonly query: string;
  readonly documents: readonly (string | { readonly text: string })[];
  readonly top_n?: number | null;
  readonly return_documents?: boolean | null;
  readonly raw_scores?: boolean | null;
  readonly user?: string | null;
}

export const rerankRoute = ({ rerank }: RerankHandlers): Route => ({
  method: "POST",
  path: "/v1/rerank",
  rpc: "inferd.v1.RerankService/Rerank",
  summary: "Ranks documents by how well they answer a query.",
  parameters,
  serve: ({ body }, call) => {
    const asked = body as RerankBody;
    const hasDocuments = asked.return_documents === true;
    const request = RerankRequestMessage.fromPartial({
      model: asked.model,
      query: asked.query,
      documents: asked.documents.map((one) => (typeof one === "string" ? one : one.text)),
      topN: asked.top_n ?? undefined,
      returnDocuments: hasDocuments,
      rawScores: asked.raw_scores ?? false,
      call: callOptionsOf({ user: asked.user ?? null }),
    });
    call.unary(rerank, request, (response) => answerOf(response, hasDocuments));
  },
});

function answerOf({ rankings, finish }: RerankResponse, hasDocuments: boolean): object {
  const resultOf = ({ index, score, document: text }: Ranking): object => ({
    index,
    relevance_score: score,
    ...(hasDocuments && { document: { text } }),
  });
  return {
    ...listOf(finish),
    results: rankings.map(resultOf),
  };
}
