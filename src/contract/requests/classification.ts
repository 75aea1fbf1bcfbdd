/** What a request of the classification service may hold. */
import type {
  ClassifyInput,
  ClassifyRequest,
} from "../../../gen/inferd/v1/classification_service.ts";
import type { Limits } from "../limits.ts";
import { list } from "../validation/collections.ts";
import { message } from "../validation/messages.ts";
import { type Rule, unbounded } from "../validation/rule.ts";
import { callOptions, modelName, topN, truncation } from "./shared.ts";

const input = message<ClassifyInput>({ text: unbounded, pair: unbounded });

export function classifyRequest({ maxInputs }: Limits): Rule<ClassifyRequest> {
  return message<ClassifyRequest>({
    model: modelName,
    inputs: list(input, { min: 1, max: maxInputs }),
    topN,
    rawScores: unbounded,
    truncation,
    allowItemErrors: unbounded,
    call: callOptions,
  });
}
