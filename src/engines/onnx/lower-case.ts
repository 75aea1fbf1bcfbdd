/** `do_lower_case` of sentence-transformers: the tokenizer's own normalizer comes after lower case. */
import { entriesOf, field } from "./json.ts";

/** A `tokenizer.json` whose texts are lower-cased first, unless it has that step. Its added tokens stay as they are. */
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
