import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Item, VectorFormat } from "../../../src/engines/engine.ts";
import { encodeItem } from "../../../src/workers/items.ts";
import { encodeVector } from "../../../src/workers/vectors.ts";
import { embedJob, plainVectors as plain } from "../../fixtures/jobs.ts";

const encode = (values: ArrayLike<number>, format: Partial<VectorFormat> = {}) =>
  encodeVector(Float32Array.from(values), { ...plain, ...format });

/** As float32. */
function shaped(values: ArrayLike<number>, format: Partial<VectorFormat>): Float32Array {
  const { value } = encode(values, format);
  if (value?.kind !== "float32") throw new Error("not float32");
  return value.values;
}

const lengthOf = (values: Float32Array) => Math.hypot(...values);

/** Reads half precision by its definition; the encoder shifts bits, this multiplies. */
function readHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function halves(values: ArrayLike<number>): number[] {
  const { value } = encode(values, { encoding: "float16" });
  if (value?.kind !== "float16") throw new Error("not float16");
  const view = new DataView(value.bytes.buffer, value.bytes.byteOffset);
  return Array.from({ length: value.bytes.length / 2 }, (_, i) => view.getUint16(2 * i, true));
}

const vectors = fc
  .array(fc.float({ min: -1000, max: 1000, noNaN: true }), { minLength: 1, maxLength: 48 })
  .map((values) => Float32Array.from(values));

describe("float32", () => {
  it("scales to length 1 and leaves the item's values alone", () => {
    const given = Float32Array.of(3, 4);
    const { value } = encodeVector(given, { ...plain, normalize: true });
    expect(value).toEqual({ kind: "float32", values: Float32Array.of(0.6, 0.8) });
    expect(Array.from(given)).toEqual([3, 4]);
  });

  it("leaves a zero vector zero", () => {
    const values = shaped([0, 0, 0], { normalize: true });
    expect(Array.from(values)).toEqual([0, 0, 0]);
  });

  it("normalises after shortening", () => {
    const values = shaped([3, 4, 1000], { normalize: true, dimensions: 2 });
    expect(values).toHaveLength(2);
    expect(lengthOf(values)).toBeCloseTo(1, 6);
  });

  it("keeps leading values when it shortens without normalising", () => {
    const values = shaped([1, 2, 3], { dimensions: 2 });
    expect(Array.from(values)).toEqual([1, 2]);
  });

  it("gives length 1 and the same direction for any vector", () => {
    fc.assert(
      fc.property(vectors, (given) => {
        fc.pre(lengthOf(given) > 1e-30);
        const values = shaped(given, { normalize: true });
        expect(lengthOf(values)).toBeCloseTo(1, 5);
        const dot = values.reduce((sum, value, i) => sum + value * given[i]!, 0);
        expect(dot / lengthOf(given)).toBeCloseTo(1, 5);
      }),
    );
  });
});

describe("float16", () => {
  it("writes every half-precision number as itself", () => {
    const all = Array.from({ length: 65_536 }, (_, bits) => bits);
    const numbers = all.filter((bits) => Number.isFinite(readHalf(bits)));
    expect(halves(numbers.map(readHalf))).toEqual(numbers);
  });

  it.each([
    ["a tie goes to the even neighbour below", 1 + 2 ** -11, 0x3c00],
    ["a tie goes to the even neighbour above", 1 + 3 * 2 ** -11, 0x3c02],
    ["just above a tie goes up", 1 + 2 ** -11 + 2 ** -20, 0x3c01],
    ["a carry reaches the exponent", 2 - 2 ** -12, 0x4000],
    ["the largest number that stays finite", 65_519, 0x7bff],
    ["half of the least subnormal is a tie to zero", 2 ** -25, 0x0000],
    ["just above it is the least subnormal", 2 ** -25 * 1.0001, 0x0001],
    ["a subnormal tie goes to even", 1.5 * 2 ** -24, 0x0002],
    ["the largest subnormal rounds into the normals", 2 ** -14 - 2 ** -26, 0x0400],
    ["minus zero", -0, 0x8000],
  ])("%s", (_, value, bits) => {
    expect(halves([value])).toEqual([bits]);
  });

  it("takes the nearest of all half-precision numbers", () => {
    const finite = Array.from({ length: 0x7c00 }, (_, bits) => readHalf(bits));
    fc.assert(
      fc.property(fc.float({ min: 0, max: 65_504, noNaN: true }), (value) => {
        const bits = halves([value])[0]!;
        const error = Math.abs(readHalf(bits) - value);
        for (const near of [bits - 1, bits + 1]) {
          const other = finite[near];
          if (other !== undefined) expect(error).toBeLessThanOrEqual(Math.abs(other - value));
        }
      }),
    );
  });
});

describe("a number that is none", () => {
  const encodings = ["float32", "float16", "int8", "binary"] as const;
  const bad = [NaN, Infinity, -Infinity];
  const rows = encodings.flatMap((encoding) =>
    bad.flatMap((value) => [true, false].map((normalize) => ({ encoding, value, normalize }))),
  );

  it.each(rows)("is an error: $value in $encoding, normalize $normalize", (row) => {
    const { encoding, normalize } = row;
    const { value, error } = encode([1, row.value, 2], { encoding, normalize });
    expect([value, error?.reason]).toEqual([undefined, "RESULT_NOT_FINITE"]);
  });

  it("is an error among the dimensions that are left out", () => {
    const encoded = encode([1, NaN], { dimensions: 1 });
    expect(encoded.error?.reason).toBe("RESULT_NOT_FINITE");
  });

  it("is one in float16 that float16 has no room for, and no other", () => {
    const encoded = (value: number) => encode([value], { encoding: "float16" });
    expect(encoded(65_520).error?.reason).toBe("RESULT_NOT_FINITE");
    expect(encoded(-65_520).error?.message).toContain("float16");
    expect(encoded(65_519).error).toBeUndefined();
  });
});

describe("int8", () => {
  const read = (values: ArrayLike<number>) => {
    const { value } = encode(values, { encoding: "int8" });
    if (value?.kind !== "int8") throw new Error("not int8");
    const { bytes, scale } = value;
    return { scale, numbers: Array.from(new Int8Array(bytes.buffer, bytes.byteOffset)) };
  };

  it("spans -127 to 127 by the largest magnitude", () => {
    expect(read([-1, 0, 0.5, 1]).numbers).toEqual([-127, 0, 64, 127]);
  });

  it("leaves a zero vector zero", () => {
    expect(read([0, 0])).toEqual({ scale: 0, numbers: [0, 0] });
  });

  it("is off by half the scale at most, for any vector", () => {
    fc.assert(
      fc.property(vectors, (given) => {
        const { scale, numbers } = read(given);
        numbers.forEach((number, i) => {
          // Scales near the least float32 are coarse; no embedding is that small.
          const slack = scale * 0.5001 + 1e-40;
          expect(Math.abs(number * scale - given[i]!)).toBeLessThanOrEqual(slack);
        });
      }),
    );
  });
});

describe("binary", () => {
  interface Packed {
    readonly vectors: readonly (readonly number[])[];
    readonly ubinary: readonly (readonly number[])[];
    readonly binary: readonly (readonly number[])[];
  }
  // Written by sentence-transformers' quantize_embeddings; recipe.py next to it says how.
  const file = "test/fixtures/encoders/binary.json";
  const cases = JSON.parse(readFileSync(file, "utf8")) as readonly Packed[];

  it.each(cases.map((packed) => [packed.vectors[0]!.length, packed] as const))(
    "packs %i dimensions as sentence-transformers does",
    (_, { vectors, ubinary, binary }) => {
      for (const [place, vector] of vectors.entries()) {
        const { value } = encode(vector, { encoding: "binary" });
        if (value?.kind !== "binary") throw new Error("not binary");
        expect([...value.bytes]).toEqual(ubinary[place]);
        expect([...value.bytes].map((byte) => byte - 128)).toEqual(binary[place]);
      }
    },
  );

  it("packs the dimensions that are kept", () => {
    const { value } = encode([1, -1, 1, 1], { encoding: "binary", dimensions: 3 });
    expect(value).toEqual({ kind: "binary", bytes: Uint8Array.of(0b1010_0000) });
  });
});

describe("a sparse vector", () => {
  const facts = { index: 0, tokenCount: 1, truncated: false };

  function sparse(numbers: Readonly<Record<number, number>>, format: Partial<VectorFormat> = {}) {
    const indices = Uint32Array.from(Object.keys(numbers), Number);
    const values = Float32Array.from(Object.values(numbers));
    const job = embedJob(["a"], { output: { ...plain, ...format } });
    const { value, error } = encodeItem(
      { ...facts, value: { kind: "sparse", indices, values } },
      job,
    );
    if (value?.kind !== "sparse") return error;
    return Object.fromEntries([...value.indices].map((index, at) => [index, value.values[at]]));
  }

  it("is as the engine gives it", () => {
    expect(sparse({ 1: 0.5, 7: 2 })).toEqual({ 1: 0.5, 7: 2 });
    expect(sparse({})).toEqual({});
  });

  it("keeps the strongest dimensions, and of equals the lower ones", () => {
    const numbers = { 1: 0.5, 3: -2, 4: 1, 6: 1, 8: 1, 9: 0.25 };
    expect(sparse(numbers, { maxActiveDims: 3 })).toEqual({ 3: -2, 4: 1, 6: 1 });
    expect(sparse(numbers, { maxActiveDims: 6 })).toEqual(numbers);
    expect(sparse(numbers, { maxActiveDims: 100 })).toEqual(numbers);
  });

  it("is scaled once it is shortened", () => {
    const shaped = sparse({ 1: 1, 2: 3, 5: 4 }, { maxActiveDims: 2, normalize: true });
    expect(shaped).toEqual({ 2: Math.fround(0.6), 5: Math.fround(0.8) });
  });

  it("is an error where a number is not finite, kept or not", () => {
    const error = { reason: "RESULT_NOT_FINITE" };
    expect(sparse({ 1: NaN, 2: 3 }, { maxActiveDims: 1 })).toMatchObject(error);
    expect(sparse({ 1: Infinity })).toMatchObject(error);
  });
});

describe("vectors of tokens", () => {
  const facts = { index: 0, tokenCount: 2, truncated: false };

  function tokens(values: readonly number[], format: Partial<VectorFormat> = {}) {
    const value = { kind: "tokens", dimensions: 3, values: Float32Array.from(values) } as const;
    const job = embedJob(["a"], { tokenVectors: true, output: { ...plain, ...format } });
    return encodeItem({ ...facts, value }, job);
  }

  it("are as the engine gives them", () => {
    const vectors = { kind: "float32", values: Float32Array.of(1, 2, 3, 4, 5, 6) };
    expect(tokens([1, 2, 3, 4, 5, 6]).value).toEqual({ kind: "tokens", dimensions: 3, vectors });
  });

  it("are shortened and scaled each by itself", () => {
    const { value } = tokens([3, 4, 9, 0, -5, 9], { dimensions: 2, normalize: true });
    const vectors = { kind: "float32", values: Float32Array.of(0.6, 0.8, 0, -1) };
    expect(value).toEqual({ kind: "tokens", dimensions: 2, vectors });
  });

  it("are packed as half precision", () => {
    const { value } = tokens([1, 0, 0, -2, 0, 0], { dimensions: 1, encoding: "float16" });
    const vectors = { kind: "float16", bytes: Uint8Array.of(0, 0x3c, 0, 0xc0) };
    expect(value).toEqual({ kind: "tokens", dimensions: 1, vectors });
  });

  it("are an error where a number is not finite, kept or not", () => {
    const error = { reason: "RESULT_NOT_FINITE" };
    expect(tokens([1, 2, NaN], { dimensions: 1 }).error).toMatchObject(error);
    expect(tokens([70_000, 0, 0], { encoding: "float16" }).error).toMatchObject(error);
  });
});

describe("an item", () => {
  const facts = { index: 3, tokenCount: 5, truncated: true };

  it("keeps its place, tokens and truncation", () => {
    const item: Item = { ...facts, value: { kind: "vector", values: Float32Array.of(3, 4) } };
    const value = { kind: "float32", values: Float32Array.of(3, 4) };
    expect(encodeItem(item, embedJob(["a"]))).toEqual({ ...facts, value });
  });

  it.each(["float32", "float16", "int8"] as const)("keeps its error in %s", (encoding) => {
    const error = { reason: "INPUT_TOO_LONG", message: "too long" } as const;
    const job = embedJob(["a"], { output: { normalize: true, dimensions: 2, encoding } });
    expect(encodeItem({ ...facts, error }, job)).toEqual({ ...facts, error });
  });
});
