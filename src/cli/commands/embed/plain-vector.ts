/** A text's vector as a line of JSON has it. */
import type { Embedding, TokenVectors } from "../../../../gen/inferd/v1/embedding_service.ts";

/**
 * A list of numbers; of a sparse vector, an object of them by dimension; of tokens, a list of lists. A text without a
 * vector is `null`, so that line n belongs to text n.
 */
export function plainVector({ value }: Pick<Embedding, "value">): unknown {
  switch (value?.$case) {
    case "float32":
      return value.value.values;
    case "sparse": {
      const { indices, values } = value.value;
      return Object.fromEntries(indices.map((index, place) => [index, values[place] ?? 0]));
    }
    case "tokens":
      return rowsOf(value.value);
    case "float16":
    case "int8":
    case "binary":
    case "error":
    case undefined:
      return null;
  }
}

function rowsOf({ dimensions, vectors }: TokenVectors): readonly (readonly number[])[] {
  const numbers = vectors?.$case === "float32" ? vectors.value.values : [];
  return Array.from({ length: dimensions === 0 ? 0 : numbers.length / dimensions }, (_, token) =>
    numbers.slice(token * dimensions, (token + 1) * dimensions),
  );
}
