/** Dense layers and the files that hold them; values are held against sentence-transformers elsewhere. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { denseOf, normalizeLayer } from "../../../src/engines/onnx/layers.ts";
import { lowerCased } from "../../../src/engines/onnx/lower-case.ts";
import { halfValue } from "../../../src/engines/onnx/safetensors.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "inferd-layers-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

interface Tensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

const floats = (shape: readonly number[], ...values: readonly number[]): Tensor => ({
  dtype: "F32",
  shape,
  bytes: new Uint8Array(Float32Array.from(values).buffer),
});

/** Writes a safetensors file; `shift` moves what it says of its bytes. */
function write(tensors: Readonly<Record<string, Tensor>>, shift = 0): void {
  let at = shift;
  const header = Object.entries(tensors).map(([name, { dtype, shape, bytes }]) => {
    const data_offsets = [at, (at += bytes.length)];
    return [name, { dtype, shape, data_offsets }];
  });
  const text = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const data = Object.values(tensors).map(({ bytes }) => bytes);
  writeFileSync(join(folder, "model.safetensors"), Buffer.concat([length, text, ...data]));
}

const identity = "torch.nn.modules.linear.Identity";
const config = { in_features: 2, out_features: 1, bias: false, activation_function: identity };

const open = (changes: object = {}) =>
  denseOf(folder, { name: "2_Dense/config.json", value: { ...config, ...changes } });

describe("a Dense module", () => {
  it.each<[string, Tensor]>([
    ["F32", floats([1, 2], 3, -0.5)],
    [
      "F64",
      { dtype: "F64", shape: [1, 2], bytes: new Uint8Array(Float64Array.of(3, -0.5).buffer) },
    ],
    [
      "F16",
      { dtype: "F16", shape: [1, 2], bytes: new Uint8Array(Uint16Array.of(0x4200, 0xb800).buffer) },
    ],
    [
      "BF16",
      {
        dtype: "BF16",
        shape: [1, 2],
        bytes: new Uint8Array(Uint16Array.of(0x4040, 0xbf00).buffer),
      },
    ],
  ])("multiplies with weights of type %s", (_, weight) => {
    write({ "linear.weight": weight });
    expect(Array.from(open()(Float32Array.of(1, 2)))).toEqual([2]);
  });

  it.each([
    [
      "an activation of another's",
      { activation_function: "my.Code" },
      "2_Dense/config.json: inferd does not compute the activation_function my.Code",
    ],
    [
      "an activation that is not done",
      { activation_function: "torch.nn.modules.activation.GLU" },
      "GLU",
    ],
    [
      "another input",
      { module_input_name: "token_embeddings" },
      "module_input_name is token_embeddings",
    ],
    ["an unknown key", { scale: 2 }, "does not know the key scale"],
    ["no size", { in_features: 0 }, "in_features"],
    [
      "weights of another shape",
      { in_features: 3 },
      "2_Dense/model.safetensors: linear.weight is of shape 1 × 2, and must be of shape 1 × 3",
    ],
    ["a bias that is not there", { bias: true }, "linear.bias is not there"],
  ])("is refused with %s", (_, changes, message) => {
    write({ "linear.weight": floats([1, 2], 3, 4) });
    expect(() => open(changes)).toThrow(message);
  });

  it("is refused where only code holds its weights", () => {
    writeFileSync(join(folder, "pytorch_model.bin"), "");
    expect(() => open()).toThrow("pytorch_model.bin, which may hold code, is not read");
  });

  it.each([
    ["nothing", Buffer.alloc(0), "damaged"],
    ["a header beyond the file", Buffer.alloc(8, 0xff), "damaged"],
    [
      "a header that is none",
      Buffer.concat([Buffer.from([2, 0, 0, 0, 0, 0, 0, 0]), Buffer.from("{[")]),
      "damaged",
    ],
  ])("is refused with %s as its weights", (_, bytes, message) => {
    writeFileSync(join(folder, "model.safetensors"), bytes);
    expect(() => open()).toThrow(`2_Dense/model.safetensors is cut short or ${message}`);
  });

  it("is refused without weights, with some beyond their file, and of an unknown type", () => {
    expect(() => open()).toThrow("2_Dense/model.safetensors does not exist");
    write({ "linear.weight": floats([1, 2], 3, 4) }, 8);
    expect(() => open()).toThrow("damaged");
    write({ "linear.weight": { ...floats([1, 2], 3, 4), dtype: "I32" } });
    expect(() => open()).toThrow("type I32");
  });

  it("says which vectors do not fit", () => {
    write({ "linear.weight": floats([1, 2], 3, 4) });
    expect(() => open()(new Float32Array(3))).toThrow("2_Dense/config.json: in_features is 2");
  });
});

it("a vector without length stays zero", () => {
  expect(Array.from(normalizeLayer(Float32Array.of(0, 0)))).toEqual([0, 0]);
});

it.each([
  [0x3c00, 1],
  [0x8001, -(2 ** -24)],
  [0xfc00, -Infinity],
  [0x7e00, NaN],
])("half precision %d is %d", (bits, value) => {
  expect(halfValue(bits)).toBe(value);
});

it.each([
  [undefined, [{ type: "Lowercase" }]],
  [null, [{ type: "Lowercase" }]],
  [{ type: "NFC" }, [{ type: "Lowercase" }, { type: "NFC" }]],
  [{ type: "Sequence", normalizers: [{ type: "NFC" }] }, [{ type: "Lowercase" }, { type: "NFC" }]],
])("lower case comes before %j", (normalizer, normalizers) => {
  expect(lowerCased({ normalizer, model: 1 })).toEqual({
    normalizer: { type: "Sequence", normalizers },
    model: 1,
  });
});

it.each([{ type: "Lowercase" }, { type: "Sequence", normalizers: [{ type: "Lowercase" }] }])(
  "lower case is not asked for twice: %j",
  (normalizer) => {
    expect(lowerCased({ normalizer })).toEqual({ normalizer });
  },
);
