/** A batch's answer: numbers or an error for each of its items. */
import type { ItemResult, ItemValue } from "../jobs.ts";
import { fieldsOf, programError } from "./errors.ts";
import type { Frame } from "./frames.ts";
import { countOf } from "./generation.ts";
import { type TextTask, valueOf } from "./text-task.ts";

export type TextResult = ItemResult<ItemValue> & { readonly tokenCount: number };

export interface Results {
  readonly results: readonly TextResult[];
  /** What the log says of texts that failed. */
  readonly logged: readonly string[];
}

const bytesPerNumber = 4;

/** Undefined where the body does not have the bytes of the numbers of so many items. */
export function resultsIn(
  { head, body }: Frame,
  count: number,
  { task, numbers }: Pick<TextTask, "task" | "numbers">,
): Results | undefined {
  if (body.length !== count * numbers * bytesPerNumber) return undefined;
  const values = numbersIn(body);
  const counts = listOf(head["token_counts"]);
  const results = Array.from({ length: count }, (_, index): TextResult => {
    const own = values.subarray(index * numbers, (index + 1) * numbers);
    return { value: valueOf(task, own), tokenCount: countOf(counts[index]) ?? 0 };
  });
  const logged: string[] = [];
  for (const each of listOf(head["errors"])) {
    const { index, error } = fieldsOf(each);
    const result = typeof index === "number" ? results[index] : undefined;
    if (result === undefined) continue;
    const failed = programError(error);
    results[Number(index)] = { error: failed.error, tokenCount: result.tokenCount };
    if (failed.logged !== undefined) logged.push(failed.logged);
  }
  return { results, logged };
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** The numbers of a body; where it lies askew in memory, of a copy. */
function numbersIn(body: Buffer): Float32Array {
  const isAligned = body.byteOffset % bytesPerNumber === 0;
  const { buffer, byteOffset, length } = isAligned ? body : Uint8Array.from(body);
  return new Float32Array(buffer, byteOffset, length / bytesPerNumber);
}
