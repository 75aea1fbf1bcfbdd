/**
 * Reads the metadata of a GGUF file, to know what a bare file is before a worker is started for it.
 * Files come from anywhere: each count and length is held against the bytes that there are, and what is
 * not needed is skipped, not kept. https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
import { Cursor } from "./bytes.ts";
import type { ByteSource } from "./bytes.ts";

type GgufValue = string | number | boolean;

export interface GgufHeader {
  readonly version: number;
  readonly tensors: number;
  /** Numbers, booleans and texts of at most 64 Ki bytes; arrays and longer texts are not kept. */
  readonly metadata: ReadonlyMap<string, GgufValue>;
  /** All keys that the file has. */
  readonly keys: ReadonlySet<string>;
  /** Bytes to the end of the metadata, where the tensors' descriptions begin. */
  readonly bytes: number;
}

/** What a file says that a server wants to know. */
export interface GgufSummary {
  readonly architecture: string;
  readonly license: string;
  /** Undefined where it states none. */
  readonly contextLength: number | undefined;
  readonly hasChatTemplate: boolean;
}

/** Says what is wrong with a file, in words that go on after its name. */
export class GgufError extends Error {
  override readonly name = "GgufError";
}

const maxMetadataBytes = 256 * 1024 * 1024;
// Real models have a hundred entries, and vocabularies of less than a million texts. Without these bounds, a file of
// 256 MiB could hold up a server for seconds, or fill its heap with keys.
const maxEntries = 65_536;
const maxTexts = 2 ** 22;
const maxKeyBytes = 65_535;
const maxTextBytes = 65_536;

interface Scalar {
  readonly bytes: number;
  readonly read: (view: DataView) => number | boolean;
}

/** Values of fixed size, by the number of their type. */
const scalars = new Map<number, Scalar>([
  [0, { bytes: 1, read: (view) => view.getUint8(0) }],
  [1, { bytes: 1, read: (view) => view.getInt8(0) }],
  [2, { bytes: 2, read: (view) => view.getUint16(0, true) }],
  [3, { bytes: 2, read: (view) => view.getInt16(0, true) }],
  [4, { bytes: 4, read: (view) => view.getUint32(0, true) }],
  [5, { bytes: 4, read: (view) => view.getInt32(0, true) }],
  [6, { bytes: 4, read: (view) => view.getFloat32(0, true) }],
  [7, { bytes: 1, read: (view) => view.getUint8(0) !== 0 }],
  [10, { bytes: 8, read: (view) => Number(view.getBigUint64(0, true)) }],
  [11, { bytes: 8, read: (view) => Number(view.getBigInt64(0, true)) }],
  [12, { bytes: 8, read: (view) => view.getFloat64(0, true) }],
]);
const textType = 8;
const arrayType = 9;

/** The number of a split file's part, and of all parts: libllama wants the first, and finds the others itself. */
export const splitPart = /-(\d{5})-of-(\d{5})$/;

/** Sees each text of an array, by the array's key. */
export type SeeText = (key: string, text: Uint8Array) => void;

/** Reads a file's header. Throws a GgufError for one that is not whole or not GGUF. */
export function parseGguf(source: ByteSource, seeText?: SeeText): GgufHeader {
  const end = Math.min(source.bytes, maxMetadataBytes);
  const short = () =>
    new GgufError(
      end < source.bytes ? "has more metadata than 256 MiB" : "is cut short or damaged",
    );
  const cursor = new Numbers(new Cursor(source, { end }, short));
  const magic = source.bytes < 4 ? "" : String.fromCharCode(...cursor.cursor.take(4));
  if (magic !== "GGUF") throw new GgufError("is not a GGUF file");
  const version = cursor.number(4);
  if (version !== 2 && version !== 3) {
    // Versions are small: a large one is a small one with its bytes turned round.
    throw new GgufError(
      version > 0xffff
        ? "is a GGUF file for big-endian machines"
        : `has GGUF version ${version}, not 2 or 3`,
    );
  }
  const tensors = cursor.number(8);
  const entries = cursor.number(8);
  // The least entry: a key's length, a type and one byte.
  cursor.cursor.expect(entries * 13);
  if (entries > maxEntries) throw new GgufError("has too many entries of metadata");
  const metadata = new Map<string, GgufValue>();
  const keys = new Set<string>();
  for (let i = 0; i < entries; i++) {
    const key = cursor.text(maxKeyBytes);
    if (key === undefined) throw new GgufError("is damaged: it has a key beyond all length");
    const value = readValue(cursor, seeText && ((text) => seeText(key, text)));
    keys.add(key);
    if (value !== undefined) metadata.set(key, value);
  }
  return { version, tensors, metadata, keys, bytes: cursor.cursor.position };
}

/** Undefined for what is not kept. */
function readValue(cursor: Numbers, see?: (text: Uint8Array) => void): GgufValue | undefined {
  const type = cursor.number(4);
  if (type === textType) return cursor.text(maxTextBytes);
  if (type === arrayType) {
    skipArray(cursor, see);
    return undefined;
  }
  const scalar = scalars.get(type);
  if (scalar === undefined) {
    throw new GgufError("is damaged, or newer than inferd: it has a value of an unknown type");
  }
  return scalar.read(viewOf(cursor.cursor.take(scalar.bytes)));
}

function skipArray(cursor: Numbers, see?: (text: Uint8Array) => void): void {
  const type = cursor.number(4);
  const count = cursor.number(8);
  const scalar = scalars.get(type);
  if (scalar !== undefined) {
    cursor.cursor.skip(count * scalar.bytes);
  } else if (type === textType) {
    cursor.cursor.expect(count * 8);
    if (count > maxTexts) throw new GgufError("has an array of too many texts");
    for (let i = 0; i < count; i++) {
      const bytes = cursor.number(8);
      if (see !== undefined && bytes <= maxTextBytes) see(cursor.cursor.take(bytes));
      else cursor.cursor.skip(bytes);
    }
  } else {
    throw new GgufError("is damaged, or newer than inferd: it has an array of an unknown type");
  }
}

export function summarise({ metadata, keys }: GgufHeader): GgufSummary {
  const textOf = (key: string): string => {
    const value = metadata.get(key);
    return typeof value === "string" ? value : "";
  };
  const architecture = textOf("general.architecture");
  const contextLength = metadata.get(`${architecture}.context_length`);
  return {
    architecture,
    license: textOf("general.license"),
    contextLength: typeof contextLength === "number" ? contextLength : undefined,
    hasChatTemplate: keys.has("tokenizer.chat_template"),
  };
}

/** Reads the format's numbers and texts at a cursor. */
export class Numbers {
  readonly cursor: Cursor;

  constructor(cursor: Cursor) {
    this.cursor = cursor;
  }

  /** An unsigned number of 4 or 8 bytes; beyond 2^53 it is only roughly right, and too large anyway. */
  number(bytes: 4 | 8): number {
    const view = viewOf(this.cursor.take(bytes));
    return bytes === 4 ? view.getUint32(0, true) : Number(view.getBigUint64(0, true));
  }

  /** Undefined for a text of more than `maxBytes`, which is skipped. */
  text(maxBytes: number): string | undefined {
    const length = this.number(8);
    if (length <= maxBytes) return new TextDecoder().decode(this.cursor.take(length));
    this.cursor.skip(length);
    return undefined;
  }
}

const viewOf = (part: Uint8Array): DataView =>
  new DataView(part.buffer, part.byteOffset, part.byteLength);
