/** A batch's answer: a vector or an error for each of its texts. */
import type { ItemResult, ItemValue } from "../jobs.ts";
import { fieldsOf, programError } from "./errors.ts";
import type { Frame } from "./frames.ts";
import { countOf } from "./generation.ts";

export type TextResult = ItemResult<ItemValue> & { readonly tokenCount: number };

export interface Vectors {
  readonly results: readonly TextResult[];
  /** What the log says of texts that failed. */
  readonly logged: readonly string[];
}

const bytesPerNumber = 4;

/** Undefined where the body does not have the bytes of so many vectors. */
export function vectorsIn({ head, body }: Frame, shape: Shape): Vectors | undefined {
  const { texts, dimensions } = shape;
  if (body.length !== texts * dimensions * bytesPerNumber) return undefined;
  const values = numbersIn(body);
  const counts = listOf(head["token_counts"]);
  const results = Array.from({ length: texts }, (_, index): TextResult => {
    const vector = values.subarray(index * dimensions, (index + 1) * dimensions);
    return { value: { kind: "vector", values: vector }, tokenCount: countOf(counts[index]) ?? 0 };
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

export interface Shape {
  readonly texts: number;
  readonly dimensions: number;
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** The numbers of a body; where it lies askew in memory, of a copy. */
function numbersIn(body: Buffer): Float32Array {
  const isAligned = body.byteOffset % bytesPerNumber === 0;
  const { buffer, byteOffset, length } = isAligned ? body : Uint8Array.from(body);
  return new Float32Array(buffer, byteOffset, length / bytesPerNumber);
}
