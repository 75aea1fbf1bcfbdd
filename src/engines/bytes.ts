/** Reading model files that come from anywhere: from any place, and never beyond their end. */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { basename } from "node:path";

/** Bytes that can be read from any place. */
export interface ByteSource {
  readonly bytes: number;
  /** Gives exactly `length` bytes, which lie within the source. */
  read(start: number, length: number): Uint8Array;
}

const troubles: Readonly<Record<string, string>> = {
  ENOENT: "does not exist: put it there, or correct its path",
  ENOTDIR: "does not exist: correct its path",
  ELOOP: "is a link that leads back to itself: replace it with the file",
  EACCES: "may not be read: allow the server's user to read it, and each folder above it",
  EPERM: "may not be read: allow the server's user to read it",
};

/**
 * Opens a file, and closes it when `use` has ended. Throws an Error that names the file without its folder, and
 * says what to do, for one that cannot be read or is no file: opening a pipe must not wait for a writer.
 */
export function withFile<Result>(path: string, use: (source: ByteSource) => Result): Result {
  const name = basename(path);
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    throw new Error(`${name} ${troubles[code] ?? `cannot be opened (${code})`}`, { cause });
  }
  try {
    const stats = fstatSync(file);
    if (!stats.isFile())
      throw new Error(`${name} is not a file: put the model's file in its place`);
    return use({
      bytes: stats.size,
      read: (start, length) => {
        const part = new Uint8Array(length);
        if (readSync(file, part, 0, length, start) === length) return part;
        throw new Error(`${name} became shorter while it was read`);
      },
    });
  } finally {
    closeSync(file);
  }
}

/** Owns a place in a source up to an end, and a window of it that has been read. */
export class Cursor {
  readonly #source: ByteSource;
  readonly #end: number;
  readonly #short: () => Error;
  #position: number;
  #window: Uint8Array = new Uint8Array(0);
  #windowStart = 0;

  /** `short` makes what is thrown where more bytes are wanted than there are before the end. */
  constructor(source: ByteSource, range: { start?: number; end: number }, short: () => Error) {
    this.#source = source;
    this.#position = range.start ?? 0;
    this.#end = range.end;
    this.#short = short;
  }

  get position(): number {
    return this.#position;
  }

  /** Throws where fewer bytes are left. Every count and length passes here before it is believed. */
  expect(bytes: number): void {
    if (!(bytes <= this.#end - this.#position)) throw this.#short();
  }

  skip(bytes: number): void {
    this.expect(bytes);
    this.#position += bytes;
  }

  take(bytes: number): Uint8Array {
    this.expect(bytes);
    let start = this.#position - this.#windowStart;
    if (start < 0 || start + bytes > this.#window.length) {
      const length = Math.min(this.#end - this.#position, Math.max(bytes, windowBytes));
      this.#window = this.#source.read(this.#position, length);
      this.#windowStart = this.#position;
      start = 0;
    }
    this.#position += bytes;
    return this.#window.subarray(start, start + bytes);
  }
}

const windowBytes = 256 * 1024;
