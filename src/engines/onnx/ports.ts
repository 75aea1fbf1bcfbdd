/** Inputs and outputs of a graph, and whether it is a text encoder. */
import type { InferenceSession } from "onnxruntime-node";
import { shown } from "./json.ts";

const inputNames = ["input_ids", "attention_mask", "token_type_ids", "position_ids"] as const;

export type InputName = (typeof inputNames)[number];

export interface GraphInput {
  readonly name: InputName;
  readonly type: "int64" | "int32";
}

export interface GraphPorts {
  readonly inputs: readonly GraphInput[];
  readonly output: string;
  /** Whether the output is one vector per text, and not per token. */
  readonly isPooled: boolean;
}

/** Exporters' names for token vectors, and for the vector of a text. */
const tokenOutputs: readonly string[] = ["last_hidden_state", "token_embeddings"];
const textOutputs: readonly string[] = ["sentence_embedding"];

/** Output names of graphs that return scores. */
const scoring = /For(MaskedLM|TokenClassification|SequenceClassification)$/;

export type Ports = Pick<InferenceSession, "inputMetadata" | "outputMetadata">;

export interface Choice {
  /** `options.output`. */
  readonly output: string | undefined;
  /**
   * From `config.json`. Some encoders were saved under the name of their training task, so it is only used in messages.
   */
  readonly architectures: unknown;
  /** Whether tokens are to have a score of each token of the vocabulary, and not a vector. */
  readonly isSparse?: boolean;
}

/** Returns how to use a graph, or throws an Error that says why it is not a text encoder. */
export function portsOf(session: Ports, choice: Choice): GraphPorts {
  return { inputs: inputsOf(session), ...outputOf(session, choice) };
}

/** The name that exporters give the scores of a text. */
const scoreOutput = "logits";

/** Whether the graph gives scores. */
export const givesScores = ({ outputMetadata }: Ports): boolean =>
  outputMetadata.some(({ name }) => name === scoreOutput);

/** Returns how to use a graph that gives each text a row of scores, or throws an Error that says why it does not. */
export function scoringPortsOf(session: Ports): GraphPorts {
  const port = session.outputMetadata.find(({ name }) => name === scoreOutput);
  const isNumbers = port?.isTensor === true && ["float32", "float16"].includes(port.type);
  if (!isNumbers || port.shape.length !== 2) {
    throw new Error(
      `the graph's output ${scoreOutput} must be float32 or float16, [batch, labels]`,
    );
  }
  return { inputs: inputsOf(session), output: scoreOutput, isPooled: true };
}

function inputsOf(session: Ports): readonly GraphInput[] {
  const inputs = session.inputMetadata.map(inputOf);
  if (inputs.some(({ name }) => name === "input_ids")) return inputs;
  throw new Error("the graph has no input named input_ids");
}

function inputOf(port: Ports["inputMetadata"][number]): GraphInput {
  const name = inputNames.find((known) => known === port.name);
  if (name === undefined) {
    throw new Error(`the graph has an input that inferd does not know: ${port.name}`);
  }
  const type = port.isTensor ? port.type : "";
  if (type === "int64" || type === "int32") return { name, type };
  throw new Error(`the graph's input ${name} must be an int64 or int32 tensor`);
}

function outputOf(
  { outputMetadata }: Ports,
  { output, architectures, isSparse = false }: Choice,
): Pick<GraphPorts, "output" | "isPooled"> {
  const names = outputMetadata.map(({ name }) => name);
  if (output === scoreOutput && !isSparse) throw new Error(`options.output: ${scores}`);
  const ofTokens = isSparse ? [scoreOutput] : tokenOutputs;
  const wanted = output === undefined ? [...ofTokens, ...textOutputs] : [output];
  const chosen = wanted.find((name) => names.includes(name));
  const port = outputMetadata.find(({ name }) => name === chosen);
  if (port === undefined) throw new Error(noOutput(names, { output, architectures, isSparse }));
  assertNumbers(port, ranksOf(port.name, ofTokens));
  return { output: port.name, isPooled: port.shape.length === 2 };
}

/** Of an output of this name, how many axes it may have. */
function ranksOf(name: string, ofTokens: readonly string[]): readonly (2 | 3)[] {
  if (textOutputs.includes(name)) return [2];
  return ofTokens.includes(name) ? [3] : [2, 3];
}

type TensorPort = Extract<Ports["outputMetadata"][number], { readonly isTensor: true }>;

function assertNumbers(
  port: Ports["outputMetadata"][number],
  ranks: readonly (2 | 3)[],
): asserts port is TensorPort {
  const isNumbers = port.isTensor && ["float32", "float16"].includes(port.type);
  if (!port.isTensor || !isNumbers || !ranks.some((rank) => rank === port.shape.length)) {
    const shapes = { 2: "[batch, dimensions]", 3: "[batch, sequence, dimensions]" };
    const expected = ranks.map((rank) => shapes[rank]).join(" or ");
    throw new Error(`the graph's output ${port.name} must be float32 or float16, ${expected}`);
  }
}

const scores =
  "logits are served only of a model whose config.json has an architecture that ends with ForSequenceClassification; to embed, export the encoder alone";

function noOutput(names: readonly string[], { output, architectures, isSparse }: Choice): string {
  const all = names.join(", ");
  if (output !== undefined) return `options.output is ${output}, and the graph gives ${all}`;
  if (isSparse === true) return `the graph gives ${all}, and that of a SPLADE model ${scoreOutput}`;
  const stated: readonly unknown[] = Array.isArray(architectures) ? architectures : [];
  const architecture = stated.find((name) => typeof name === "string" && scoring.test(name));
  if (names.includes("logits") || architecture !== undefined) {
    const of =
      architecture === undefined ? "" : ` (config.json: architectures is ${shown(architecture)})`;
    return `the graph gives ${all}${of}: ${scores}`;
  }
  return `the graph gives ${all}; name the one with the tokens' or the text's vectors as options.output in the manifest`;
}
