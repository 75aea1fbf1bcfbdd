/** Reads matrices from a safetensors file. https://github.com/huggingface/safetensors#format */
import { withFile } from "../bytes.ts";
import type { ByteSource } from "../bytes.ts";
import { field } from "./json.ts";

export interface Matrix {
  readonly shape: readonly number[];
  /** Row after row. */
  readonly values: Float32Array;
}

/** Above the size of any of these small files: a wrong length is rejected. */
const maxHeaderBytes = 10_000_000;

/** Returns the requested tensors. None for a name that is not in the file. */
export function readSafetensors(
  path: string,
  names: readonly string[],
): ReadonlyMap<string, Matrix> {
  return withFile(path, (source) => tensorsOf(source, names));
}

/** Every offset and length is checked against the file before it is read. */
function tensorsOf(source: ByteSource, names: readonly string[]): ReadonlyMap<string, Matrix> {
  if (source.bytes < 8) throw damaged();
  const headerBytes = Number(Buffer.from(source.read(0, 8)).readBigUInt64LE());
  if (headerBytes > Math.min(maxHeaderBytes, source.bytes - 8)) throw damaged();
  const header = parsed(Buffer.from(source.read(8, headerBytes)).toString());
  const found = new Map<string, Matrix>();
  for (const name of names) {
    const entry = field(header, name);
    if (entry !== undefined) found.set(name, readTensor(source, entry, 8 + headerBytes));
  }
  return found;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw damaged();
  }
}

const bytesEach: Readonly<Record<string, number>> = { F64: 8, F32: 4, F16: 2, BF16: 2 };

function readTensor(source: ByteSource, entry: unknown, from: number): Matrix {
  const type = String(field(entry, "dtype"));
  const [start, end] = wholes(field(entry, "data_offsets"));
  const shape = wholes(field(entry, "shape"));
  const each = bytesEach[type];
  if (each === undefined) {
    throw new Error(
      `has numbers of type ${type}, and inferd reads ${Object.keys(bytesEach).join(", ")}`,
    );
  }
  const count = shape.reduce((product, size) => product * size, 1);
  if (start === undefined || end === undefined || end - start !== count * each) throw damaged();
  if (start > end || from + end > source.bytes) throw damaged();
  return { shape, values: numbersOf(source.read(from + start, end - start), type, count) };
}

function wholes(value: unknown): readonly number[] {
  if (!Array.isArray(value)) throw damaged();
  return value.map((item: unknown) => {
    if (typeof item === "number" && Number.isSafeInteger(item) && item >= 0) return item;
    throw damaged();
  });
}

function numbersOf(bytes: Uint8Array, type: string, count: number): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = (place: number): number => {
    switch (type) {
      case "F64":
        return view.getFloat64(8 * place, true);
      case "F16":
        return halfValue(view.getUint16(2 * place, true));
      case "BF16":
        return brainValue(view.getUint16(2 * place, true));
      default:
        return view.getFloat32(4 * place, true);
    }
  };
  return Float32Array.from({ length: count }, (_, place) => read(place));
}

/** Decodes an IEEE 754 half-precision number. By hand, because Node 22 has no Float16Array. */
export function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** bfloat16: single precision without its lower half. */
function brainValue(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint16(0, bits);
  return view.getFloat32(0);
}

function damaged(): Error {
  return new Error("is cut short or damaged; fetch it again");
}
