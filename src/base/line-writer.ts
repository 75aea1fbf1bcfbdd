/**
 * Writes log lines without waiting for the reader. A pipe whose reader has stopped takes some 64 KiB, and the next
 * plain write blocks the whole process. So bytes that cannot be written yet are buffered, within a bound. Lines beyond
 * it are dropped and counted.
 */

export interface LineWriterOptions {
  /** Writes some of the bytes and returns their number; zero if it would block. Throws if it cannot write. */
  readonly writeSome: (bytes: Uint8Array) => number;
  /** Maximum bytes in the buffer. */
  readonly maxBytes: number;
  /** Calls back once, soon. Must not keep the process alive. */
  readonly soon: (call: () => void) => void;
  /** The buffer has been written, and this many lines were lost before. */
  readonly recovered: (lostLines: number) => void;
}

/** Owns the buffered lines. */
export class LineWriter {
  readonly #options: LineWriterOptions;
  readonly #waiting: Uint8Array[] = [];
  #bytes = 0;
  #lost = 0;
  #isSoon = false;
  /** Whether the last line could not be written at all. */
  #isFailing = false;
  /** Whether the last write ended inside a line. */
  #isCut = false;

  constructor(options: LineWriterOptions) {
    this.#options = options;
  }

  /** Takes a line with its line break. Never throws. */
  write(line: string): void {
    // The rest of a partly written line is lost if the buffer is empty.
    const bytes = Buffer.from(this.#isCut && this.#bytes === 0 ? `\n${line}` : line);
    if (this.#bytes + bytes.length > this.#options.maxBytes) {
      this.#lost += 1;
      return;
    }
    this.#waiting.push(bytes);
    this.#bytes += bytes.length;
    // Writes at once if possible: then no line is lost when the process ends.
    this.flush();
  }

  /** Writes as much of the buffer as possible. Returns whether it is empty. */
  flush(): boolean {
    const { recovered } = this.#options;
    while (this.#bytes > 0 && this.#writeOne() > 0);
    if (this.#bytes > 0) {
      this.#trySoon();
    } else if (this.#lost > 0 && !this.#isFailing) {
      const lost = this.#lost;
      this.#lost = 0;
      recovered(lost);
    }
    return this.#bytes === 0;
  }

  /** Returns the number of bytes that are done with. */
  #writeOne(): number {
    const [first = nothing] = this.#waiting;
    let written: number;
    try {
      written = this.#options.writeSome(first);
    } catch {
      // A full disk or a missing reader must not stop the server.
      this.#isFailing = true;
      return this.#drop();
    }
    this.#isFailing = false;
    this.#bytes -= written;
    if (written > 0) this.#isCut = written < first.length;
    if (written < first.length) this.#waiting[0] = first.subarray(written);
    else this.#waiting.shift();
    return written;
  }

  #drop(): number {
    const dropped = this.#bytes;
    this.#lost += this.#waiting.length;
    this.#waiting.length = 0;
    this.#bytes = 0;
    return dropped;
  }

  #trySoon(): void {
    if (this.#isSoon) return;
    this.#isSoon = true;
    this.#options.soon(() => {
      this.#isSoon = false;
      this.flush();
    });
  }
}

const nothing = new Uint8Array(0);
