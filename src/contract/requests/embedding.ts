/** What a request of the embedding service may hold. What depends on the model is checked by the service that resolved it. */
import { type EmbedRequest, VectorEncoding } from "../../../gen/inferd/v1/embedding_service.ts";
import type { Limits } from "../limits.ts";
import { list } from "../validation/collections.ts";
import { message } from "../validation/messages.ts";
import { optional, type Rule, unbounded } from "../validation/rule.ts";
import { known, number, text } from "../validation/scalars.ts";
import { callOptions, maxNameBytes, modelName, truncation } from "./shared.ts";

export function embedRequest({ maxInputs }: Limits): Rule<EmbedRequest> {
  return message<EmbedRequest>({
    model: modelName,
    inputs: list(unbounded, { min: 1, max: maxInputs }),
    normalize: unbounded,
    dimensions: optional(number({ min: 1, max: 1_000_000 })),
    truncation,
    encoding: known(VectorEncoding, { required: false }),
    allowItemErrors: unbounded,
    unordered: unbounded,
    promptName: optional(text(maxNameBytes, { mayBeEmpty: true })),
    call: callOptions,
  });
}
