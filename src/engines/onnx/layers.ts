/** Layers after pooling: `Dense` modules, and `Normalize` if more follow. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { activationAt } from "../texts/activations.ts";
import { field, positive, refuseOtherKeys, shown } from "./json.ts";
import type { NamedJson } from "./json.ts";
import { readSafetensors } from "./safetensors.ts";
import type { Matrix } from "./safetensors.ts";

export type Layer = (vector: Float32Array) => Float32Array;

const keys = [
  "in_features",
  "out_features",
  "bias",
  "activation_function",
  "module_input_name",
  "module_output_name",
  "use_residual",
];

/** Opens a `Dense` module. Fails with a message that names the file and the key. */
export function denseOf(folder: string, config: NamedJson): Layer {
  refuseOtherKeys(config, keys);
  refuseOtherNames(config);
  const activation = activationOf(config);
  const inputs = sizeOf(config, "in_features");
  const outputs = sizeOf(config, "out_features");
  const weights = openWeights(folder, config.name);
  const linear = weights.matrix("linear.weight", [outputs, inputs]);
  const hasBias = field(config.value, "bias") !== false;
  const bias = hasBias ? weights.matrix("linear.bias", [outputs]) : new Float32Array(outputs);
  const isResidual = field(config.value, "use_residual") === true;
  const residual =
    isResidual && inputs !== outputs
      ? weights.matrix("residual.weight", [outputs, inputs])
      : undefined;

  return (vector) => {
    if (vector.length !== inputs) {
      throw new Error(
        `${config.name}: in_features is ${inputs}, and the vectors before it have ${vector.length} dimensions`,
      );
    }
    const result = multiply(linear, vector, bias).map(activation);
    if (!isResidual) return result;
    const added = residual === undefined ? vector : multiply(residual, vector);
    return result.map((value, place) => value + (added[place] ?? 0));
  };
}

/** Scales to length 1. As in torch, zero stays zero. */
export const normalizeLayer: Layer = (vector) => {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return vector.map((value) => value / Math.max(length, 1e-12));
};

/** A module can be configured for another input than the pooled vector. */
export function refuseOtherNames({ name, value }: NamedJson): void {
  for (const key of ["module_input_name", "module_output_name"]) {
    const stated = field(value, key) ?? "sentence_embedding";
    if (stated === "sentence_embedding") continue;
    throw new Error(`${name}: ${key} is ${shown(stated)}, and inferd computes sentence_embedding`);
  }
}

function activationOf({ name, value }: NamedJson): (x: number) => number {
  const stated = field(value, "activation_function") ?? "torch.nn.modules.activation.Tanh";
  const activation = activationAt(stated);
  if (activation !== undefined) return activation;
  throw new Error(`${name}: inferd does not compute the activation_function ${shown(stated)}`);
}

function sizeOf({ name, value }: NamedJson, key: string): number {
  const size = positive(value, key);
  if (size === undefined) throw new Error(`${name}: ${key} must be a whole number above 0`);
  return size;
}

function openWeights(folder: string, configName: string) {
  const file = join(folder, "model.safetensors");
  const name = configName.replace(/[^/]*$/, "model.safetensors");
  if (!existsSync(file) && existsSync(join(folder, "pytorch_model.bin"))) {
    throw new Error(
      `${name} is not there, and pytorch_model.bin, which may hold code, is not read; save the model again with sentence-transformers, which writes it`,
    );
  }
  let tensors: ReadonlyMap<string, Matrix>;
  try {
    tensors = readSafetensors(file, ["linear.weight", "linear.bias", "residual.weight"]);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message.replace(/^model\.safetensors /, "") : "";
    throw new Error(`${name} ${why}`, { cause: thrown });
  }
  return {
    matrix(key: string, shape: readonly number[]): Float32Array {
      const matrix = tensors.get(key);
      if (matrix?.shape.join() === shape.join()) return matrix.values;
      const found =
        matrix === undefined ? "is not there" : `is of shape ${matrix.shape.join(" × ")}`;
      throw new Error(`${name}: ${key} ${found}, and must be of shape ${shape.join(" × ")}`);
    },
  };
}

/** A tight loop: it runs once per weight and text. */
function multiply(matrix: Float32Array, vector: Float32Array, bias?: Float32Array): Float32Array {
  const inputs = vector.length;
  const outputs = matrix.length / inputs;
  const result = new Float32Array(outputs);
  let at = 0;
  for (let output = 0; output < outputs; output++) {
    let sum = bias?.[output] ?? 0;
    for (let input = 0; input < inputs; input++) sum += (matrix[at++] ?? 0) * (vector[input] ?? 0);
    result[output] = sum;
  }
  return result;
}
