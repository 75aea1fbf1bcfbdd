/** What an embedding job is given for a text, and what the model says of it. */
import type { EmbeddingInfo, ItemsJob, ItemValue } from "../engine.ts";
import type { EncodedText } from "../texts/unread.ts";
import { sparseOf } from "./splade.ts";

export type VectorFacts = Pick<EmbeddingInfo, "sparse" | "maxActiveDims" | "tokenDimensions">;

export interface VectorKind {
  readonly isSparse: boolean;
  readonly maxActiveDims: number | undefined;
  /** Of a graph that pools, there are no vectors of tokens. */
  readonly isPooled: boolean;
  readonly compute: (texts: readonly EncodedText[]) => Promise<readonly Float32Array[]>;
}

/** `ids`: a text that the model reads to say how long a token's vector is. */
export async function vectorFactsOf(
  { isSparse, maxActiveDims, isPooled, compute }: VectorKind,
  ids: readonly number[],
): Promise<VectorFacts> {
  if (isSparse) return { sparse: true, ...(maxActiveDims !== undefined && { maxActiveDims }) };
  if (isPooled) return {};
  const [rows] = await compute([{ ids, skipped: 0, unpooled: true }]);
  return rows === undefined ? {} : { tokenDimensions: rows.length / ids.length };
}

export function vectorValueOf(
  { sparse, tokenDimensions: dimensions }: VectorFacts,
  job: ItemsJob,
  values: Float32Array,
): ItemValue {
  const areTokens = job.task === "embed" && job.tokenVectors === true;
  if (areTokens && dimensions !== undefined) return { kind: "tokens", dimensions, values };
  return sparse === true ? sparseOf(values) : { kind: "vector", values };
}
