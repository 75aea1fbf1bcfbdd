/** Pieces of HTTP/2 that are right, and such as are not, from which moves are made. */
import { callHeaders, flags, headerText, http2Frame, number32, types } from "../grpc/frames.ts";

export const call = callHeaders("/inferd.v1.GenerationService/Generate");

/** The headers of a call on a stream. */
export function begin(stream: number, bits = 0): Buffer {
  return beginWith(stream, { bits: flags.endHeaders | bits });
}

export function beginWith(
  stream: number,
  { bits = flags.endHeaders, block = call }: { readonly bits?: number; readonly block?: Buffer },
): Buffer {
  return http2Frame({ type: types.headers, flags: bits, stream, payload: block });
}

export function setting(id: number, value: number): Buffer {
  const name = Buffer.alloc(2);
  name.writeUInt16BE(id);
  return Buffer.concat([name, number32(value)]);
}

/** A frame's head alone, whatever length it claims. */
export function oddHead(parts: {
  readonly type: number;
  readonly stream: number;
  readonly length: number;
}): Buffer {
  const head = http2Frame({ type: parts.type, stream: parts.stream });
  head.writeUIntBE(parts.length, 0, 3);
  return head;
}

/** The same frame with other flags, or with the bit that is nobody's. */
export function withBits(
  bytes: Buffer,
  { reserved = false, flags: bits }: { readonly reserved?: boolean; readonly flags?: number },
): Buffer {
  const changed = Buffer.from(bytes);
  if (bits !== undefined) changed.writeUInt8(bits, 4);
  if (reserved) changed.writeUInt8(changed.readUInt8(5) | 0x80, 5);
  return changed;
}

/** A field that HPACK's table takes in, and a block that brings it out of there so often that it is past every bound. */
export const largeField = Buffer.concat([
  Buffer.from([0x40]),
  headerText("x-bin"),
  headerText("Y".repeat(3960)),
]);
export const largeFieldAgain = Buffer.alloc(57, 0xbe);

/** Header blocks that no decoder may take (RFC 7541, sections 2.3.3, 5 and 6.3). */
export const hpackRubbish: readonly Buffer[] = [
  // The index 0, and one beyond both tables.
  Buffer.from([0x80]),
  Buffer.from([0xff, 0xff, 0xff, 0x7f]),
  // An integer without end, and a string longer than the block.
  Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
  Buffer.from([0x00, 0x7f, 0x61]),
  // Huffman padding of zeros.
  Buffer.from([0x00, 0x81, 0x00, 0x01, 0x61]),
  // A table larger than was agreed on.
  Buffer.from([0x3f, 0xff, 0xff, 0xff, 0x0f]),
];
