/** Makes requests that are almost right, from the descriptors of what is right. */
import { type DescField, type DescMessage, type DescMethod, ScalarType } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { descriptors } from "../grpc/support.ts";
import { writeStray } from "./damage.ts";
import type { Random } from "./random.ts";
import { noTexts, oddIntegers, oddNumbers, rightBias, rightNumber, textsFor } from "./values.ts";

/** All methods that the descriptor set knows. */
export const methods: readonly DescMethod[] = Array.from(descriptors.registry).flatMap((each) =>
  each.kind === "service" ? each.methods : [],
);

const deepest = 6;

/** How a message is drawn. */
interface Draft {
  readonly random: Random;
  /** The share of its fields that are not drawn from what they take. */
  readonly oddness: number;
  readonly depth: number;
}

/**
 * The bytes of a message of this type. Some have nothing right in them; the others have a field wrong
 * or none, so that they come as far as the models.
 */
export function oddMessage(type: DescMessage, random: Random): Buffer {
  return write(type, { random, oddness: random.chance(0.5) ? 1 : 0.01, depth: 0 });
}

function write(type: DescMessage, draft: Draft): Buffer {
  const { random, oddness } = draft;
  const writer = new BinaryWriter();
  for (const field of type.fields) {
    if (random.chance(0.35)) continue;
    const isOdd = random.chance(oddness);
    const count = isOdd ? oddCount(field, random) : isMany(field) ? 1 + random.below(3) : 1;
    // What comes a thousand times must be small: the message as a whole has a limit of its own.
    const inner = count > 10 ? { ...draft, depth: deepest } : draft;
    for (let left = count; left > 0; left -= 1) {
      if (isOdd) writeOdd(writer, field, inner);
      else writeRight(writer, field, inner);
    }
  }
  if (random.chance(0.03 * oddness)) writeStray(writer, random);
  return Buffer.from(writer.finish());
}

function isMany({ fieldKind }: DescField): boolean {
  return fieldKind === "list" || fieldKind === "map";
}

function oddCount(field: DescField, random: Random): number {
  if (!isMany(field)) return random.chance(0.02) ? 2 : 1;
  return random.chance(0.02) ? 1030 + random.below(100) : random.below(4);
}

function writeRight(writer: BinaryWriter, field: DescField, draft: Draft): void {
  const { random } = draft;
  if (field.fieldKind === "map") {
    const [key, value] = rightBias(random);
    writeEntry(writer, field, (entry) => {
      entry.tag(1, WireType.Varint).int64(key).tag(2, WireType.Bit32).float(value);
    });
  } else if (field.message !== undefined) writeInner(writer, field, draft);
  else if (isText(field)) writeText(writer, field, { ...draft, isOdd: false });
  else {
    const number = rightNumber(field, random);
    const type = wireTypeOf(field.scalar);
    writer.tag(field.number, type);
    if (type === WireType.Bit32) writer.float(number);
    else if (type === WireType.Bit64) writer.double(number);
    else writer.int64(number);
  }
}

function writeOdd(writer: BinaryWriter, field: DescField, draft: Draft): void {
  const { random } = draft;
  if (random.chance(0.01)) {
    writer.tag(field.number, WireType.LengthDelimited).bytes(random.bytes(random.below(20)));
  } else if (field.fieldKind === "map") {
    writeEntry(writer, field, (entry) => {
      writeScalar(entry.tag(1, WireType.Varint), ScalarType.INT64, random);
      entry.tag(2, WireType.Bit32).float(random.pick(oddNumbers.filter((n) => Math.abs(n) < 3e38)));
    });
  } else if (field.message !== undefined) writeInner(writer, field, draft);
  else if (isText(field)) writeText(writer, field, { ...draft, isOdd: true });
  else {
    writer.tag(field.number, wireTypeOf(field.scalar));
    writeScalar(writer, field.scalar, random);
  }
}

function writeEntry(
  writer: BinaryWriter,
  field: DescField,
  fill: (entry: BinaryWriter) => void,
): void {
  const entry = new BinaryWriter();
  fill(entry);
  writer.tag(field.number, WireType.LengthDelimited).bytes(entry.finish());
}

function writeInner(writer: BinaryWriter, field: DescField, draft: Draft): void {
  const { message } = field;
  const isTooDeep = message === undefined || draft.depth >= deepest;
  const inner = isTooDeep ? Buffer.alloc(0) : write(message, { ...draft, depth: draft.depth + 1 });
  writer.tag(field.number, WireType.LengthDelimited).bytes(inner);
}

function isText({ scalar }: DescField): boolean {
  return scalar === ScalarType.STRING || scalar === ScalarType.BYTES;
}

function writeText(
  writer: BinaryWriter,
  field: DescField,
  { random, depth, isOdd }: Draft & { readonly isOdd: boolean },
): void {
  const isNone = isOdd && random.chance(0.03);
  const texts = isNone ? noTexts : textsFor(field, { isOdd, isShort: depth === deepest });
  writer.tag(field.number, WireType.LengthDelimited).bytes(random.pick(texts));
}

function wireTypeOf(scalar: ScalarType | undefined): WireType {
  if (scalar === ScalarType.FLOAT) return WireType.Bit32;
  return scalar === ScalarType.DOUBLE ? WireType.Bit64 : WireType.Varint;
}

function writeScalar(writer: BinaryWriter, scalar: ScalarType | undefined, random: Random): void {
  if (scalar === ScalarType.FLOAT) {
    const bytes = Buffer.alloc(4);
    bytes.writeFloatLE(random.pick(oddNumbers));
    writer.raw(bytes);
  } else if (scalar === ScalarType.DOUBLE) writer.double(random.pick(oddNumbers));
  else if (random.chance(0.02)) writer.raw(Buffer.alloc(9, 0xff)).raw(Buffer.from([0x7f]));
  else writer.int64(random.pick(oddIntegers));
}
