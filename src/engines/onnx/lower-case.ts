/** `do_lower_case` of sentence-transformers: lower case before the tokenizer's own normalizer. */
import { entriesOf, field } from "./json.ts";

/** A `tokenizer.json` that lower-cases texts first, unless it already does. Added tokens are unchanged. */
export function lowerCased(tokenizer: unknown): unknown {
  const normalizer = field(tokenizer, "normalizer") ?? undefined;
  const steps = stepsOf(normalizer);
  if (steps.some((step) => field(step, "type") === "Lowercase")) return tokenizer;
  return {
    ...Object.fromEntries(entriesOf(tokenizer)),
    normalizer: { type: "Sequence", normalizers: [{ type: "Lowercase" }, ...steps] },
  };
}

function stepsOf(normalizer: unknown): readonly unknown[] {
  if (normalizer === undefined) return [];
  const steps = field(normalizer, "normalizers");
  return field(normalizer, "type") === "Sequence" && Array.isArray(steps) ? steps : [normalizer];
}
