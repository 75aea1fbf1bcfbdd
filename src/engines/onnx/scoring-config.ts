/**
 * What the scores of a model are, from its files: its labels, and the functions that the libraries of its authors apply
 * to its numbers.
 */
import { labelsOf, mostLabels } from "../sequence-classifier.ts";
import { activationAt, sigmoid, softmax } from "../texts/activations.ts";
import { field, isBlank, refuseOtherKeys, shown } from "./json.ts";

export interface ScoringFiles {
  /** `config.json`. */
  readonly model: unknown;
  /** `config_sentence_transformers.json`. */
  readonly prompts: unknown;
}

export interface ScoringConfig {
  readonly labels: readonly string[];
  readonly multiLabel: boolean;
  /** As sentence-transformers' CrossEncoder scores a pair; undefined for a model that does not rank. */
  readonly rank: ((number: number) => number) | undefined;
  /** As transformers' text-classification pipeline scores labels. */
  readonly classify: (numbers: Float32Array) => Float32Array;
}

/** Fails with a message for the operator that names the file and the key. */
export function scoringConfig(files: ScoringFiles): ScoringConfig {
  refuseOtherUse(files.prompts);
  const labels = labelsOf(files.model).map((name, index) => {
    if (name !== undefined) return name;
    throw new Error(`config.json: id2label has no label ${index}`);
  });
  if (labels.length === 0 || labels.length > mostLabels) {
    throw new Error(`config.json must state from 1 to ${mostLabels} labels`);
  }
  const kind = field(files.model, "problem_type");
  const isMulti =
    kind !== "regression" && (kind === "multi_label_classification" || labels.length === 1);
  return {
    labels,
    multiLabel: isMulti,
    rank: labels.length === 1 ? rankingOf(files) : undefined,
    classify: (numbers) => {
      if (kind === "regression") return numbers;
      return isMulti ? numbers.map(sigmoid) : softmax(numbers);
    },
  };
}

const sentenceFile = "config_sentence_transformers.json";
const knownKeys = ["prompts", "default_prompt_name", "model_type", "activation_fn", "__version__"];

/** Fails if the file requests something unsupported. */
function refuseOtherUse(config: unknown): void {
  refuseOtherKeys({ name: sentenceFile, value: config }, knownKeys);
  const type = field(config, "model_type");
  if (!isBlank(type) && type !== "CrossEncoder") {
    throw new Error(
      `${sentenceFile}: model_type is ${shown(type)}, and the model is a CrossEncoder`,
    );
  }
  if (isBlank(field(config, "default_prompt_name"))) return;
  throw new Error(
    `${sentenceFile}: default_prompt_name is set, and inferd scores without a prompt`,
  );
}

/** In the order of sentence-transformers. It ignores what is not of torch, and so does this. */
function rankingOf({ model, prompts }: ScoringFiles): (number: number) => number {
  const own = field(prompts, "activation_fn");
  const nested = field(model, "sentence_transformers");
  const hasNested = typeof nested === "object" && nested !== null && "activation_fn" in nested;
  const older = hasNested
    ? { key: "sentence_transformers.activation_fn", path: field(nested, "activation_fn") }
    : {
        key: "sbert_ce_default_activation_function",
        path: field(model, "sbert_ce_default_activation_function"),
      };
  for (const { name, key, path } of [
    { name: sentenceFile, key: "activation_fn", path: own },
    { name: "config.json", ...older },
  ]) {
    if (typeof path !== "string" || !path.startsWith("torch.")) continue;
    const activation = activationAt(path);
    if (activation !== undefined) return activation;
    throw new Error(`${name}: inferd does not compute the function ${shown(path)} of ${key}`);
  }
  return sigmoid;
}
