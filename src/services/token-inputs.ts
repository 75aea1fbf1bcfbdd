/** What only its model knows of a call's token ids. */
import type { TokenIds } from "../../gen/inferd/v1/generation_service.ts";
import type { Report } from "../contract/validation/report.ts";
import type { ModelInfo } from "../engines/engine.ts";

type Known = Pick<ModelInfo, "tasks" | "vocabularySize">;

/** Reports ids for a model that takes texts only, and the first id of each text that its vocabulary does not have. */
export function checkTokenInputs(
  inputs: readonly TokenIds[],
  { tasks, vocabularySize }: Known,
  report: Report,
): void {
  if (inputs.length === 0) return;
  if (tasks.embed?.takesTokenIds !== true) {
    const description = "must not be set: this model takes texts only, in inputs";
    report.add("token_inputs", "UNSUPPORTED", description);
    return;
  }
  for (const [index, { ids }] of inputs.entries()) {
    const wrong = ids.findIndex((id) => id >= vocabularySize);
    if (wrong === -1) continue;
    const at = `token_inputs[${index}].ids[${wrong}]`;
    report.add(at, "UNKNOWN_VALUE", `must be below the vocabulary's size, ${vocabularySize}`);
  }
}
