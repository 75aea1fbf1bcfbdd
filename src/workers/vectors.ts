/**
 * Encodes vectors for their way to a caller: shortened, scaled to length 1, packed. Done in the worker,
 * so that a packed vector is small on every way it goes.
 */
import type { ErrorData } from "../base/errors.ts";
import type { ItemResult, VectorFormat } from "../engines/engine.ts";
import type { EncodedVector } from "./messages.ts";

/** Leaves the values as they are; the result may share their memory. */
export function encodeVector(whole: Float32Array, format: VectorFormat): ItemResult<EncodedVector> {
  // Of the whole vector: what dimensions leave out is no less a sign that it is wrong.
  if (largest(whole) === Infinity) return { error: notFinite };
  const values = shapeValues(whole, format);
  switch (format.encoding) {
    case "float32":
      return { value: { kind: "float32", values } };
    case "float16":
      if (largest(values) >= float16End) return { error: tooLarge };
      return { value: { kind: "float16", bytes: toFloat16(values) } };
    case "int8":
      return { value: { kind: "int8", ...toInt8(values) } };
    case "binary":
      return { value: { kind: "binary", bytes: toBits(values) } };
  }
}

/** What float16 rounds to infinity, and above. */
const float16End = 65_520;

export const notFinite: ErrorData = {
  reason: "RESULT_NOT_FINITE",
  message:
    "the model's vector of this text has a number that is NaN or infinite; leave the text out, or have the model checked",
};

const tooLarge: ErrorData = {
  reason: "RESULT_NOT_FINITE",
  message:
    "the model's vector of this text has a number too large for float16; ask for float32, or for normalize",
};

/** The largest magnitude; Infinity also where one is not a number. */
export function largest(values: Float32Array): number {
  let max = 0;
  for (const value of values) {
    const magnitude = Math.abs(value);
    // Also true of NaN.
    if (!(magnitude < Infinity)) return Infinity;
    if (magnitude > max) max = magnitude;
  }
  return max;
}

/** Shortens first: a shortened vector is normalised again (Matryoshka). */
export function shapeValues(
  whole: Float32Array,
  { dimensions, normalize }: Pick<VectorFormat, "dimensions" | "normalize">,
): Float32Array {
  const values = dimensions === undefined ? whole : whole.subarray(0, dimensions);
  return normalize ? normalized(values) : values;
}

/** A vector of length 1 in the same direction. Zero has no direction and stays zero. */
export function normalized(values: Float32Array): Float32Array {
  let sum = 0;
  for (const value of values) sum += value * value;
  const factor = sum > 0 ? 1 / Math.sqrt(sum) : 1;
  return values.map((value) => value * factor);
}

/**
 * IEEE 754 half precision, little-endian, rounded to nearest, ties to even, of numbers that half precision
 * has room for. By hand because Node 22 has no Float16Array.
 */
function toFloat16(values: Float32Array): Uint8Array {
  const bits = new Uint32Array(1);
  const float = new Float32Array(bits.buffer);
  const packed = new Uint8Array(values.length * 2);
  let at = 0;
  for (const value of values) {
    float[0] = value;
    const half = halfBits(bits[0] ?? 0);
    packed[at++] = half & 0xff;
    packed[at++] = half >> 8;
  }
  return packed;
}

/** Half precision from the bits of single precision. */
function halfBits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude >= 0x38800000) {
    // Normal: exponents differ by 112, and 13 bits are rounded off. A carry runs into the exponent.
    return sign | roundOff(magnitude - 0x38000000, 13);
  }
  if (magnitude < 0x33000000) return sign; // At most half of the least subnormal, or below.
  const exponent = magnitude >>> 23;
  return sign | roundOff((magnitude & 0x7fffff) | 0x800000, 126 - exponent);
}

/** Shifts `count` bits out to the right, rounding to nearest, ties to even. */
function roundOff(value: number, count: number): number {
  const kept = value >>> count;
  const rest = value & ((1 << count) - 1);
  const half = 1 << (count - 1);
  return rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept;
}

/** As numpy.packbits packs what is above 0: the first dimension is the highest bit, and the last byte ends in zeros. */
function toBits(values: Float32Array): Uint8Array {
  const packed = new Uint8Array(Math.ceil(values.length / 8));
  for (const [place, value] of values.entries()) {
    if (value > 0) packed[place >> 3] = (packed[place >> 3] ?? 0) | (0x80 >> (place & 7));
  }
  return packed;
}

/** Whole numbers from -127 to 127, and what to multiply them with; off by half of that at most. */
function toInt8(values: Float32Array): { readonly bytes: Uint8Array; readonly scale: number } {
  let max = 0;
  for (const value of values) max = Math.max(max, Math.abs(value));
  // The response carries the scale as float32, so that is what divides here.
  const scale = Math.fround(max / 127);
  const packed = new Int8Array(values.length);
  if (scale > 0) {
    let at = 0;
    for (const value of values) {
      // Subnormal scales are coarse: only with those could it leave the range.
      packed[at++] = Math.max(-127, Math.min(127, Math.round(value / scale)));
    }
  }
  return { bytes: new Uint8Array(packed.buffer), scale };
}
