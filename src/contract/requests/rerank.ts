/** What a request of the rerank service may hold. */
import type { RerankRequest } from "../../../gen/inferd/v1/rerank_service.ts";
import type { Limits } from "../limits.ts";
import { list } from "../validation/collections.ts";
import { message } from "../validation/messages.ts";
import { type Rule, unbounded } from "../validation/rule.ts";
import { callOptions, modelName, topN, truncation } from "./shared.ts";

export function rerankRequest({ maxInputs }: Limits): Rule<RerankRequest> {
  return message<RerankRequest>({
    model: modelName,
    query: unbounded,
    documents: list(unbounded, { min: 1, max: maxInputs }),
    topN,
    returnDocuments: unbounded,
    rawScores: unbounded,
    truncation,
    allowItemErrors: unbounded,
    call: callOptions,
  });
}
