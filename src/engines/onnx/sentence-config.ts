/** A model's `sentence_bert_config.json`, or that of an older name: how its texts are tokenized. */
import { entriesOf, field, isBlank, positive, refuseOtherKeys, shown } from "./json.ts";
import type { NamedJson } from "./json.ts";

/** In the order of sentence-transformers, which takes the first one found. */
export const sentenceConfigNames = [
  "bert",
  "roberta",
  "distilbert",
  "camembert",
  "albert",
  "xlm-roberta",
  "xlnet",
].map((kind) => `sentence_${kind}_config.json`);

export interface SentenceConfig {
  /** Maximum tokens of a text, special ones included. Undefined if the file states none. */
  readonly maxTokens: number | undefined;
  readonly lowercase: boolean;
}

/** Arguments for transformers when the model is loaded, under older and newer names. */
const passedOn = ["model_args", "model_kwargs", "config_args", "config_kwargs"];

/** Arguments about how it computes and from where it is fetched, not what it computes. */
const harmless = [
  "attn_implementation",
  "torch_dtype",
  "dtype",
  "unpad_inputs",
  "use_memory_efficient_attention",
  "add_pooling_layer",
  "trust_remote_code",
  "revision",
  "cache_dir",
  "token",
];

/** What a text model gives. */
interface Output {
  readonly transformer_task: string;
  readonly module_output_name: string;
  /** Of transformers. */
  readonly method: string;
}

/** Values of every text model, if they are stated at all. */
const outputs = {
  vectors: {
    transformer_task: "feature-extraction",
    module_output_name: "token_embeddings",
    method: "last_hidden_state",
  },
  /** For each token, a score of each token of the vocabulary. */
  logits: {
    transformer_task: "fill-mask",
    module_output_name: "token_embeddings",
    method: "logits",
  },
  scores: {
    transformer_task: "sequence-classification",
    module_output_name: "scores",
    method: "logits",
  },
} as const satisfies Readonly<Record<string, Output>>;

/** Fails if the file requests something unsupported. */
export function sentenceConfigOf(
  file: NamedJson | undefined,
  gives: keyof typeof outputs = "vectors",
): SentenceConfig {
  if (file === undefined) return { maxTokens: undefined, lowercase: false };
  const { name, value } = file;
  const { method, ...usual } = outputs[gives];
  const own = ["max_seq_length", "do_lower_case", "unpad_inputs", "modality_config"];
  refuseOtherKeys(file, [...own, ...passedOn, ...Object.keys(usual)]);
  for (const key of passedOn) {
    refuseOtherKeys({ name: `${name}, ${key}`, value: field(value, key) }, harmless);
  }
  for (const [key, expected] of Object.entries(usual)) {
    const stated = field(value, key);
    if (isBlank(stated) || stated === expected) continue;
    throw new Error(`${name}: ${key} is ${shown(stated)}, and inferd computes ${expected}`);
  }
  refuseOtherModalities(name, field(value, "modality_config"), method);
  return {
    maxTokens: positive(value, "max_seq_length"),
    lowercase: field(value, "do_lower_case") === true,
  };
}

/** A text model returns one output of its kind, whatever else it may take. */
function refuseOtherModalities(name: string, config: unknown, expected: string): void {
  if (isBlank(config)) return;
  const text = field(config, "text");
  const output = field(text, "method_output_name");
  const stated: readonly unknown[] = Array.isArray(output) ? output : [output];
  const isUsual =
    field(text, "method") === "forward" &&
    stated.every((each) => each === expected) &&
    !entriesOf(config).some(([modality]) => modality === "message");
  if (!isUsual) throw new Error(`${name}: modality_config asks for more than plain text`);
}
