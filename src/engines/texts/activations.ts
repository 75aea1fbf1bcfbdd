/** Functions on the numbers that a graph gives, by their `torch.nn` names, with torch's defaults. */

export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** Of each number alone. */
const elementwise: Readonly<Record<string, (x: number) => number>> = {
  Tanh: Math.tanh,
  Identity: (x) => x,
  ReLU: (x) => Math.max(0, x),
  Sigmoid: sigmoid,
  SiLU: (x) => x / (1 + Math.exp(-x)),
  LeakyReLU: (x) => (x > 0 ? x : 0.01 * x),
};

/** The function that a path such as `torch.nn.modules.activation.Tanh` names. Undefined for others. */
export function activationAt(path: unknown): ((x: number) => number) | undefined {
  const type = typeof path === "string" && path.startsWith("torch.nn.") ? path : "";
  const name = type.split(".").at(-1) ?? "";
  return Object.hasOwn(elementwise, name) ? elementwise[name] : undefined;
}

/** Probabilities that sum to 1. */
export function softmax(values: Float32Array): Float32Array {
  const most = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = Float64Array.from(values, (value) => Math.exp(value - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return Float32Array.from(powers, (power) => power / sum);
}
