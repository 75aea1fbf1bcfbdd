/** How large an answer gets whose vectors have no size that is known before they are computed. */
import { assertVectorsSoFarFit } from "./answer-size.ts";
import type { VectorEmbedding, VectorValue } from "./embedding-types.ts";

export interface SizeBounds {
  /** The request's field that the texts are in. */
  readonly field: string;
  /** Of all messages of the answer together. */
  readonly mostBytes: number;
  /** Of one text's. */
  readonly mostItemBytes: number;
}

/** Owns the size of one call's answer so far. */
export class AnswerSizes {
  readonly #bounds: SizeBounds;
  #count = 0;
  #bytes = 0;

  constructor(bounds: SizeBounds) {
    this.#bounds = bounds;
  }

  /** Throws RESPONSE_TOO_LARGE where the answer does not fit with this one. */
  add({ index, value }: VectorEmbedding): void {
    const { field, mostBytes, mostItemBytes } = this.#bounds;
    const bytes = bytesOf(value);
    this.#count += 1;
    this.#bytes += bytes;
    assertVectorsSoFarFit({ count: 1, bytes }, mostItemBytes, `${field}[${index}]`);
    assertVectorsSoFarFit({ count: this.#count, bytes: this.#bytes }, mostBytes, field);
  }
}

/** The most bytes of a dimension's number in a list of them. */
const mostIndexBytes = 5;

function bytesOf({ $case, value }: VectorValue): number {
  switch ($case) {
    case "sparse":
      return value.indices.length * mostIndexBytes + value.values.byteLength;
    case "tokens":
      return bytesOf(value.vectors);
    case "float32":
      return value.values.byteLength;
    case "int8":
      return value.values.length;
    case "float16":
    case "binary":
      return value.length;
    case "error":
      // Room for one is counted with every text.
      return 0;
  }
}
