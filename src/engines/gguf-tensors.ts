/**
 * Checks the tensors that a GGUF file's header promises, before native code believes them: their names, shapes,
 * types and places, and that all of their bytes are there.
 */
import { stampOf } from "../base/stamp.ts";
import { Cursor, withFile } from "./bytes.ts";
import type { ByteSource } from "./bytes.ts";
import type { WeightsFile } from "./engine.ts";
import { checkSanity, foreignKind, uniqueTexts } from "./gguf-sanity.ts";
import { GgufError, Numbers, parseGguf, splitPart } from "./gguf.ts";
import type { GgufHeader } from "./gguf.ts";

/** How many elements a block of each type has, and bytes, by ggml's number of the type. */
export const blocks: ReadonlyMap<number, readonly [elements: number, bytes: number]> = new Map([
  [0, [1, 4]],
  [1, [1, 2]],
  [2, [32, 18]],
  [3, [32, 20]],
  [6, [32, 22]],
  [7, [32, 24]],
  [8, [32, 34]],
  [9, [32, 36]],
  [10, [256, 84]],
  [11, [256, 110]],
  [12, [256, 144]],
  [13, [256, 176]],
  [14, [256, 210]],
  [15, [256, 292]],
  [16, [256, 66]],
  [17, [256, 74]],
  [18, [256, 98]],
  [19, [256, 50]],
  [20, [32, 18]],
  [21, [256, 110]],
  [22, [256, 82]],
  [23, [256, 136]],
  [24, [1, 1]],
  [25, [1, 2]],
  [26, [1, 4]],
  [27, [1, 8]],
  [28, [1, 8]],
  [29, [256, 56]],
  [30, [1, 2]],
  [34, [256, 54]],
  [35, [256, 66]],
  [39, [32, 17]],
]);

const maxNameBytes = 63;
const maxDimensions = 4;
const maxParts = 1000;
/** The least tensor: a name's length, one dimension and its count, a type and an offset. */
const leastBytes = 32;

/**
 * Checks a model's file, and all parts of a split one, and gives them. Throws an Error that says what is wrong
 * and what to do.
 */
export function checkGguf(path: string): readonly WeightsFile[] {
  return partsOf(path).map((part) => {
    const stamp = stampOf(part);
    withFile(part, checkSource);
    return { path: part, stamp };
  });
}

function partsOf(path: string): readonly string[] {
  const [, , of] = splitPart.exec(path.replace(/\.gguf$/, "")) ?? [];
  const count = Math.min(maxParts, Number(of ?? 1));
  if (count <= 1) return [path];
  return Array.from({ length: count }, (_, index) => {
    const number = String(index + 1).padStart(5, "0");
    return path.replace(/-\d{5}-of-(\d{5}\.gguf)$/, `-${number}-of-$1`);
  });
}

function checkSource(source: ByteSource): void {
  try {
    const unique = uniqueTexts();
    const header = parseGguf(source, (key, text) => {
      if (key === "tokenizer.ggml.tokens") unique(text);
    });
    checkTensors(source, header);
    const foreign = foreignKind(header);
    if (foreign !== undefined) throw new Error(`the model's file ${foreign}`);
    checkSanity(header);
  } catch (thrown) {
    if (!(thrown instanceof GgufError)) throw thrown;
    throw new Error(`the model's file ${thrown.message}; fetch it or convert it again`);
  }
}

interface TensorFacts {
  readonly name: string;
  readonly shape: readonly number[];
  /** Whether its numbers are in blocks that share a scale. */
  readonly isQuantised: boolean;
}

/** Sees each tensor. */
export type SeeTensor = (tensor: TensorFacts) => void;

/** Throws a GgufError where a tensor is not as the format allows, or lies beyond the source's end. */
export function checkTensors(source: ByteSource, header: GgufHeader, see?: SeeTensor): void {
  const alignment = alignmentOf(header);
  const numbers = new Numbers(
    new Cursor(source, { start: header.bytes, end: source.bytes }, () => {
      return new GgufError("is cut short or damaged");
    }),
  );
  numbers.cursor.expect(header.tensors * leastBytes);
  // A split file's first part may have none of its own.
  if (header.tensors === 0 && !header.keys.has("split.count"))
    throw new GgufError("holds no weights");
  let dataBytes = 0;
  for (let index = 0; index < header.tensors; index++) {
    dataBytes = Math.max(dataBytes, endOf(numbers, alignment, see));
  }
  const start = Math.ceil(numbers.cursor.position / alignment) * alignment;
  if (start + dataBytes > source.bytes) {
    throw new GgufError("is cut short: it has fewer bytes than its tensors need");
  }
}

/** Reads one tensor's description and gives where it ends in the file's data. */
function endOf(numbers: Numbers, alignment: number, see?: SeeTensor): number {
  const name = numbers.text(maxNameBytes);
  if (name === undefined) throw damaged("a tensor's name is too long");
  const count = numbers.number(4);
  if (count < 1 || count > maxDimensions) throw damaged("a tensor has an impossible shape");
  const shape = Array.from({ length: count }, () => numbers.number(8));
  const type = numbers.number(4);
  const offset = numbers.number(8);
  // Native code divides by each.
  if (shape.some((length) => length === 0)) throw damaged("a tensor has no elements");
  if (offset % alignment !== 0) throw damaged("a tensor begins at an impossible place");
  const elements = shape.reduce((product, length) => product * length, 1);
  const block = blocks.get(type);
  see?.({ name, shape, isQuantised: block === undefined || block[0] > 1 });
  // A type that is newer than this table: its size is the library's to check.
  if (block === undefined) return offset;
  if ((shape[0] ?? 0) % block[0] !== 0) throw damaged("a tensor's rows do not fit its type");
  return offset + (elements / block[0]) * block[1];
}

function alignmentOf({ metadata, keys }: GgufHeader): number {
  if (!keys.has("general.alignment")) return 32;
  const alignment = metadata.get("general.alignment");
  const isSound =
    typeof alignment === "number" &&
    alignment >= 8 &&
    alignment <= 2 ** 20 &&
    Number.isInteger(Math.log2(alignment));
  if (!isSound) throw damaged("its alignment is impossible");
  return alignment;
}

function damaged(how: string): GgufError {
  return new GgufError(`is damaged: ${how}`);
}
