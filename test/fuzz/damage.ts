/** What makes bytes wrong, whatever they mean. */
import { type BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { Random } from "./random.ts";

/** What no generated code writes: number 0, numbers of nobody, groups in groups, a length beyond the end. */
export function writeStray(writer: BinaryWriter, random: Random): void {
  const strays: (() => unknown)[] = [
    () => writer.raw(Buffer.from([0x00, 0x01])),
    () => writer.tag(536_870_911, WireType.Varint).int64(1n),
    () => writer.raw(Buffer.alloc(30_000, 0x0b)),
    () => writer.raw(Buffer.from([0x0c])),
    () => writer.raw(Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f])),
    () => writer.raw(Buffer.from([0x0f])),
  ];
  random.pick(strays)();
}

/** Damages bytes, whatever they mean. */
export function damage(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  switch (random.below(4)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return Buffer.concat([
        bytes.subarray(0, at),
        random.bytes(1 + random.below(8)),
        bytes.subarray(at),
      ]);
    case 2:
      return Buffer.concat([bytes, bytes.subarray(at)]);
    default: {
      const damaged = Buffer.from(bytes);
      if (at < damaged.length) damaged[at] = random.below(256);
      return damaged;
    }
  }
}
