import type { EmbedFinish } from "../../../gen/inferd/v1/embedding_service.ts";

/** What answers about several texts have whatever their task. */
export function listOf(finish: EmbedFinish | undefined): object {
  const tokens = finish?.usage?.promptTokens ?? 0;
  return {
    object: "list",
    model: finish?.model?.name ?? "",
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}
