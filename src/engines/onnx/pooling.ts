/** Pools the token vectors of a text into one, as sentence-transformers does. */

export const poolings = ["cls", "max", "mean", "mean_sqrt_len", "weighted_mean", "last"] as const;

export type Pooling = (typeof poolings)[number];

/** Position of a text's tokens in a model's output. */
export interface TokenRows {
  /** The output, row after row. */
  readonly data: Float32Array;
  /** The text's first row. Its padding follows its tokens. */
  readonly first: number;
  /** Number of rows that are tokens, at least 1. */
  readonly count: number;
  /** Number of leading rows that do not count, those of a prompt. All of them if the text adds no token. */
  readonly skipped: number;
  readonly dimensions: number;
}

/** Several modes are concatenated. Copies, since the result outlives the output. */
export function pool(rows: TokenRows, modes: readonly Pooling[]): Float32Array {
  const [only] = modes;
  if (only !== undefined && modes.length === 1) return poolOne(rows, only);
  const vector = new Float32Array(rows.dimensions * modes.length);
  for (const [place, mode] of modes.entries()) {
    vector.set(poolOne(rows, mode), place * rows.dimensions);
  }
  return vector;
}

function poolOne(rows: TokenRows, mode: Pooling): Float32Array {
  const { count, skipped } = rows;
  const counted = count - skipped;
  switch (mode) {
    // If no token counts, sentence-transformers takes the first one, or zero.
    case "cls":
      return row(rows, counted > 0 ? skipped : 0);
    case "last":
      return counted > 0 ? row(rows, count - 1) : new Float32Array(rows.dimensions);
    case "max":
      return max(rows);
    case "mean":
      return sum(rows, () => 1 / counted);
    case "mean_sqrt_len":
      return sum(rows, () => 1 / Math.sqrt(counted));
    case "weighted_mean": {
      // Weight by position, 1 for the first token, that of a prompt included.
      const total = (count * (count + 1) - skipped * (skipped + 1)) / 2;
      return sum(rows, (place) => (place + 1) / total);
    }
  }
}

function row({ data, first, dimensions }: TokenRows, place: number): Float32Array {
  const start = (first + place) * dimensions;
  return data.slice(start, start + dimensions);
}

function max({ data, first, count, skipped, dimensions }: TokenRows): Float32Array {
  const vector = new Float32Array(dimensions).fill(-Infinity);
  let at = (first + skipped) * dimensions;
  for (let token = skipped; token < count; token++) {
    // Math.max keeps NaN.
    for (let i = 0; i < dimensions; i++) vector[i] = Math.max(vector[i] ?? 0, data[at++] ?? 0);
  }
  return vector;
}

/** A tight loop by rows: it runs once per number of the output. */
function sum(
  { data, first, count, skipped, dimensions }: TokenRows,
  weightOf: (place: number) => number,
): Float32Array {
  const sums = new Float64Array(dimensions);
  let at = (first + skipped) * dimensions;
  for (let token = skipped; token < count; token++) {
    const weight = weightOf(token);
    for (let i = 0; i < dimensions; i++) sums[i] = (sums[i] ?? 0) + weight * (data[at++] ?? 0);
  }
  return Float32Array.from(sums);
}
