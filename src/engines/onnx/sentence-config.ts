/** A model's `sentence_bert_config.json`, or that of an older name: how its texts are read. */
import { entriesOf, field, isBlank, positive, refuseOtherKeys, shown } from "./json.ts";
import type { NamedJson } from "./json.ts";

/** In the order in which sentence-transformers looks for them; the first one is taken. */
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
  /** The most tokens of a text, special ones included; undefined where the file states none. */
  readonly maxTokens: number | undefined;
  readonly lowercase: boolean;
}

/** What is passed on to transformers when the model is loaded, under older and newer names. */
const passedOn = ["model_args", "model_kwargs", "config_args", "config_kwargs"];

/** Of those: how it computes and where it is fetched from, not what. */
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

/** What every text model has, where it is stated at all. */
const usual: Readonly<Record<string, string>> = {
  transformer_task: "feature-extraction",
  module_output_name: "token_embeddings",
};

/** Fails where the file asks for what is not done. */
export function sentenceConfigOf(file: NamedJson | undefined): SentenceConfig {
  if (file === undefined) return { maxTokens: undefined, lowercase: false };
  const { name, value } = file;
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
  refuseOtherModalities(name, field(value, "modality_config"));
  return {
    maxTokens: positive(value, "max_seq_length"),
    lowercase: field(value, "do_lower_case") === true,
  };
}

/** A model of plain text gives its last hidden state, whatever else it may take. */
function refuseOtherModalities(name: string, config: unknown): void {
  if (isBlank(config)) return;
  const text = field(config, "text");
  const output = field(text, "method_output_name");
  const outputs = Array.isArray(output) ? output : [output];
  const isUsual =
    field(text, "method") === "forward" &&
    outputs.every((each) => each === "last_hidden_state") &&
    !entriesOf(config).some(([modality]) => modality === "message");
  if (!isUsual) throw new Error(`${name}: modality_config asks for more than plain text`);
}
