/** Writes protobuf by hand, for the messages that come by the thousand. */
import { endianness } from "node:os";

const swapsBytes = endianness() === "BE";

/** Fills one buffer of a size that is known beforehand. */
export class Writer {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(bytes: number) {
    this.#buffer = Buffer.allocUnsafe(bytes);
  }

  field(tag: number): this {
    return this.varint(tag);
  }

  varint(value: number): this {
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) this.#byte((rest % 128) + 128);
    return this.#byte(rest);
  }

  float(value: number): this {
    this.#at = this.#buffer.writeFloatLE(value, this.#at);
    return this;
  }

  bytes(value: Uint8Array): this {
    this.#buffer.set(value, this.#at);
    this.#at += value.length;
    return this;
  }

  floats(values: Float32Array): this {
    const start = this.#at;
    this.bytes(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    if (swapsBytes) this.#buffer.subarray(start, this.#at).swap32();
    return this;
  }

  /** So many bytes of UTF-8. */
  text(value: string, bytes: number): this {
    this.#at += this.#buffer.write(value, this.#at, bytes, "utf8");
    return this;
  }

  /** Throws where the size was not what was written: what allocUnsafe left must not leave the process. */
  finish(): Buffer {
    if (this.#at !== this.#buffer.length) throw new Error("bug: a response has another size");
    return this.#buffer;
  }

  #byte(value: number): this {
    this.#buffer[this.#at++] = value;
    return this;
  }
}

/** A field of whole numbers: absent where zero. */
export const numberSize = (value: number): number => (value === 0 ? 0 : 1 + varintSize(value));

/** A field of bytes: absent where empty. */
export const delimitedSize = (bytes: number): number =>
  bytes === 0 ? 0 : 1 + varintSize(bytes) + bytes;

/** A field of so many bytes that is there even where they are none. */
export const fieldSize = (bytes: number): number => 1 + varintSize(bytes) + bytes;

/** Packed whole numbers, without a field's tag and length. */
export const varintsSize = (values: Uint32Array): number =>
  values.reduce((sum, value) => sum + varintSize(value), 0);

function varintSize(value: number): number {
  let bytes = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) bytes += 1;
  return bytes;
}
