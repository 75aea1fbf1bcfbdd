/** SPLADE: the scores of a masked language model for each token become one sparse vector over its vocabulary. */
import type { ItemValue } from "../engine.ts";
import { field, refuseOtherKeys, shown } from "./json.ts";
import type { NamedJson } from "./json.ts";
import type { TokenRows } from "./pooling.ts";

/** As `SpladePooling` of sentence-transformers names them. */
export interface Splade {
  readonly strategy: "max" | "sum";
  /** How often log(1 + x) is taken: twice for `log1p_relu`. */
  readonly logs: 1 | 2;
}

const known = [
  "pooling_strategy",
  "activation_function",
  "embedding_dimension",
  "word_embedding_dimension",
  // How much of a text is pooled at a time.
  "chunk_size",
];

/** Of its configuration. Fails if it requests something unsupported. */
export function spladeConfigOf(file: NamedJson): Splade {
  refuseOtherKeys(file, known);
  return {
    strategy: choiceOf(file, "pooling_strategy", { max: "max", sum: "sum" }),
    logs: choiceOf(file, "activation_function", { relu: 1, log1p_relu: 2 }),
  };
}

/** The first is the default. */
function choiceOf<T>(
  { name, value }: NamedJson,
  key: string,
  choices: Readonly<Record<string, T>>,
): T {
  const stated = field(value, key) ?? Object.keys(choices)[0];
  const choice = Object.entries(choices).find(([each]) => each === stated);
  if (choice !== undefined) return choice[1];
  throw new Error(`${name}: inferd does not know the ${key} ${shown(stated)}`);
}

/** One number for each token of the vocabulary, none below zero. */
export function poolSplade(
  { data, first, count, dimensions }: TokenRows,
  { strategy, logs }: Splade,
): Float32Array {
  const pooled = new Float64Array(dimensions);
  let at = first * dimensions;
  for (let token = 0; token < count; token++) {
    for (let i = 0; i < dimensions; i++) {
      const score = data[at++] ?? 0;
      // Of a maximum, the logarithm is taken once, at the end: it changes no order. NaN stays NaN.
      if (strategy === "max") pooled[i] = Math.max(pooled[i] ?? 0, score);
      else if (!(score <= 0)) pooled[i] = (pooled[i] ?? 0) + log(score, logs);
    }
  }
  return Float32Array.from(pooled, (sum) => (strategy === "max" ? log(sum, logs) : sum));
}

const log = (score: number, times: Splade["logs"]): number =>
  times === 1 ? Math.log1p(score) : Math.log1p(Math.log1p(score));

/** What is not zero of a vector. */
export function sparseOf(vector: Float32Array): Extract<ItemValue, { readonly kind: "sparse" }> {
  const indices = Uint32Array.from(vector.keys()).filter((index) => vector[index] !== 0);
  return { kind: "sparse", indices, values: Float32Array.from(indices, (i) => vector[i] ?? 0) };
}
