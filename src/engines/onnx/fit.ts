/** Checks that a graph and its model's files fit together: a step of one must not be repeated by the other. */
import type { TextBatching } from "../engine.ts";
import type { EncoderConfig } from "./encoder-config.ts";
import { field } from "./json.ts";
import type { Layer } from "./layers.ts";
import type { OnnxOptions } from "./options.ts";
import type { Pooling } from "./pooling.ts";
import type { GraphPorts } from "./ports.ts";

/** The name that sentence-transformers gives the output of all its modules. */
const wholeOutput = "sentence_embedding";

/** How token vectors become one; none if the graph pools. */
export function poolingFor(
  { output, isPooled }: GraphPorts,
  config: Pick<EncoderConfig, "pooling" | "includePrompt" | "prompts">,
  options: Pick<OnnxOptions, "pooling">,
): readonly Pooling[] {
  if (!isPooled) {
    if (config.pooling !== undefined) return config.pooling;
    throw new Error(
      `the model states no pooling in modules.json and 1_Pooling/config.json; state options.pooling in its manifest`,
    );
  }
  if (options.pooling !== undefined) {
    throw new Error(`options.pooling: the graph's output ${output} is pooled already`);
  }
  if (!config.includePrompt && config.prompts.some(({ text }) => text !== "")) {
    throw new Error(
      `the pooling's include_prompt is false, and the graph's output ${output} is pooled with prompts in it`,
    );
  }
  return [];
}

/** Layers after pooling. */
export function layersFor(
  { output, isPooled }: GraphPorts,
  layers: readonly Layer[],
): readonly Layer[] {
  if (!isPooled) return layers;
  if (output === wholeOutput || layers.length === 0) return [];
  throw new Error(
    `modules.json has more than pooling, and nothing says whether the graph's output ${output} has it; export it as ${wholeOutput}`,
  );
}

/** The graph is told that all tokens belong to one text, so the tokenizer must say the same. */
export function refuseTokenTypes(tokenizer: unknown, { inputs }: GraphPorts): void {
  const takesTypes = inputs.some(({ name }) => name === "token_type_ids");
  if (!takesTypes || !pieces(field(tokenizer, "post_processor")).some(isOtherType)) return;
  throw new Error(
    "tokenizer.json: post_processor gives tokens of one text another type_id than 0, which inferd does not",
  );
}

/** A template for one text. */
function pieces(processor: unknown): readonly unknown[] {
  const listOf = (key: string): readonly unknown[] => {
    const list = field(processor, key);
    return Array.isArray(list) ? list : [];
  };
  return [...listOf("single"), ...listOf("processors").flatMap(pieces)];
}

const isOtherType = (piece: unknown): boolean =>
  ["Sequence", "SpecialToken"].some((kind) => (field(field(piece, kind), "type_id") ?? 0) !== 0);

/** Operators that take one scale for their whole input, so for the whole batch. */
const mixing = ["DynamicQuantizeLinear", "DynamicQuantizeMatMul", "DynamicQuantizeLSTM"];

export interface Mixing {
  readonly operators: ReadonlySet<string>;
  /** Whether a text's vector changed in a batch with another text. */
  readonly mixesTexts: boolean;
}

/** How texts share batches: not at all if that changes their vectors, unless the manifest allows it. */
export function batchingOf(
  { batch }: Pick<OnnxOptions, "batch">,
  { operators, mixesTexts }: Mixing,
): TextBatching {
  const isMixing = mixesTexts || mixing.some((type) => operators.has(type));
  if (batch === "never" || (batch === "auto" && isMixing)) return "alone";
  return isMixing ? "mixed" : "together";
}
