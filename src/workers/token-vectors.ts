/** Encodes the vectors of a text's tokens for their way to a caller: each shortened and scaled, then packed together. */
import type { ItemResult, ItemValue, VectorFormat } from "../engines/engine.ts";
import type { EncodedTokens } from "./messages.ts";
import { encodeVector, largest, notFinite, shapeValues } from "./vectors.ts";

type Tokens = Extract<ItemValue, { readonly kind: "tokens" }>;

export function encodeTokens(
  { dimensions: whole, values }: Tokens,
  format: VectorFormat,
): ItemResult<EncodedTokens> {
  // Of all numbers: what `dimensions` leaves out is no less a sign that they are wrong.
  if (largest(values) === Infinity) return { error: notFinite };
  const dimensions = Math.min(format.dimensions ?? whole, whole);
  const tokens = values.length / whole;
  const shaped = new Float32Array(tokens * dimensions);
  for (let token = 0; token < tokens; token++) {
    const vector = values.subarray(token * whole, (token + 1) * whole);
    shaped.set(shapeValues(vector, format), token * dimensions);
  }
  const { encoding } = format;
  const { value, error } = encodeVector(shaped, {
    normalize: false,
    dimensions: undefined,
    encoding,
  });
  if (error !== undefined) return { error };
  if (value.kind !== "float32" && value.kind !== "float16") {
    throw new Error(`bug: token vectors cannot be ${value.kind}`);
  }
  return { value: { kind: "tokens", dimensions, vectors: value } };
}
