/** Makes one vector of a text's token vectors. */
import type { ModelInfo } from "../engine.ts";

export type Pooling = Exclude<ModelInfo["pooling"], "">;

/** Where a text's tokens lie in a model's output. */
export interface TokenRows {
  /** The output, row after row. */
  readonly data: Float32Array;
  /** The text's first row; its padding comes after its tokens. */
  readonly first: number;
  /** Rows that are tokens, at least 1. */
  readonly count: number;
  readonly dimensions: number;
}

/** Copies: the result outlives the output. */
export function pool(rows: TokenRows, pooling: Pooling): Float32Array {
  switch (pooling) {
    case "cls":
      return row(rows, 0);
    case "last":
      return row(rows, rows.count - 1);
    case "mean":
      return mean(rows);
  }
}

function row({ data, first, dimensions }: TokenRows, place: number): Float32Array {
  const start = (first + place) * dimensions;
  return data.slice(start, start + dimensions);
}

/** A tight loop, row by row: this runs once for each number that the model gives. */
function mean({ data, first, count, dimensions }: TokenRows): Float32Array {
  const sum = new Float64Array(dimensions);
  let at = first * dimensions;
  for (let token = 0; token < count; token++) {
    for (let i = 0; i < dimensions; i++) sum[i] = (sum[i] ?? 0) + (data[at++] ?? 0);
  }
  const vector = new Float32Array(dimensions);
  for (let i = 0; i < dimensions; i++) vector[i] = (sum[i] ?? 0) / count;
  return vector;
}
