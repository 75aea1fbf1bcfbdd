/** Encodes sparse vectors for their way to a caller: the strongest dimensions, scaled to length 1 if asked for. */
import type { ItemResult, ItemValue, VectorFormat } from "../engines/engine.ts";
import type { Check } from "./checks.ts";
import { largest, normalized, notFinite } from "./vectors.ts";

type Sparse = Extract<ItemValue, { readonly kind: "sparse" }>;

/** Whether a value has a number for each of its dimensions, which ascend and are below so many. */
export const isSparse =
  (dimensions: number): Check =>
  (value) => {
    const { indices, values } = value as Partial<Sparse>;
    if (!(indices instanceof Uint32Array) || !(values instanceof Float32Array)) return false;
    const ascend = indices.every((index, at) => at === 0 || index > (indices[at - 1] ?? index));
    return indices.length === values.length && ascend && (indices.at(-1) ?? -1) < dimensions;
  };

export function encodeSparse(
  whole: Sparse,
  { maxActiveDims, normalize }: VectorFormat,
): ItemResult<Sparse> {
  if (largest(whole.values) === Infinity) return { error: notFinite };
  const { indices, values } = strongest(whole, maxActiveDims ?? Infinity);
  return { value: { kind: "sparse", indices, values: normalize ? normalized(values) : values } };
}

/** Of equal magnitudes, the lower dimensions are kept. */
function strongest({ indices, values }: Omit<Sparse, "kind">, most: number): Omit<Sparse, "kind"> {
  if (indices.length <= most) return { indices, values };
  const magnitude = (place: number): number => Math.abs(values[place] ?? 0);
  const kept = Uint32Array.from(indices.keys())
    .sort((a, b) => magnitude(b) - magnitude(a) || a - b)
    .slice(0, most)
    .sort();
  return {
    indices: kept.map((place) => indices[place] ?? 0),
    values: Float32Array.from(kept, (place) => values[place] ?? 0),
  };
}
