/** What a request of the embedding service may hold. What depends on the model is checked by the service that resolved it. */
import { type EmbedRequest, VectorEncoding } from "../../../gen/inferd/v1/embedding_service.ts";
import type { TokenIds } from "../../../gen/inferd/v1/generation_service.ts";
import type { Limits } from "../limits.ts";
import { list } from "../validation/collections.ts";
import { message, pathOf } from "../validation/messages.ts";
import type { Report } from "../validation/report.ts";
import { optional, type Rule, unbounded } from "../validation/rule.ts";
import { known, number, text } from "../validation/scalars.ts";
import { callOptions, maxNameBytes, modelName, truncation } from "./shared.ts";

/** Token ids and texts are two lists, since a oneof holds none: exactly one of them has items. */
function oneKindOfInput(request: EmbedRequest, at: string, report: Report): void {
  const { inputs, tokenInputs, promptName = "" } = request;
  if (tokenInputs.length === 0) {
    if (inputs.length > 0) return;
    const description = "must have at least 1 item, unless token_inputs has";
    report.add(pathOf(at, "inputs"), "REQUIRED", description);
    return;
  }
  if (inputs.length > 0) {
    report.add(pathOf(at, "tokenInputs"), "CONFLICT", "must not be set with inputs");
  }
  if (promptName !== "") {
    const description = "must not be set with token_inputs, which are read without changes";
    report.add(pathOf(at, "promptName"), "CONFLICT", description);
  }
}

export function embedRequest({ maxInputs, maxPromptTokens }: Limits): Rule<EmbedRequest> {
  const tokenIds = message<TokenIds>({ ids: list(unbounded, { min: 1, max: maxPromptTokens }) });
  return message<EmbedRequest>(
    {
      model: modelName,
      inputs: list(unbounded, { max: maxInputs }),
      tokenInputs: list(tokenIds, { max: maxInputs }),
      normalize: unbounded,
      dimensions: optional(number({ min: 1, max: 1_000_000 })),
      truncation,
      encoding: known(VectorEncoding, { required: false }),
      allowItemErrors: unbounded,
      unordered: unbounded,
      promptName: optional(text(maxNameBytes, { mayBeEmpty: true })),
      maxActiveDims: optional(number({ min: 1, max: 1_000_000 })),
      tokenVectors: unbounded,
      call: callOptions,
    },
    oneKindOfInput,
  );
}
