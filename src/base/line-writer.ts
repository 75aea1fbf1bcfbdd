/**
 * Writes log lines without ever waiting for whoever reads them. A pipe whose reader has stopped takes some
 * 64 KiB, and the next plain write stops the whole process. So what may not be written yet waits, within a
 * bound; what comes beyond that is lost and counted.
 */

export interface LineWriterOptions {
  /** Writes some of the bytes and says how many; zero where it would have to wait. Throws where it cannot. */
  readonly writeSome: (bytes: Uint8Array) => number;
  /** Bytes that may wait. */
  readonly maxBytes: number;
  /** Calls once, soon; must not keep the process alive. */
  readonly soon: (call: () => void) => void;
  /** All that waited is written, and so many lines were lost before. */
  readonly recovered: (lostLines: number) => void;
}

/** Owns the lines that wait. */
export class LineWriter {
  readonly #options: LineWriterOptions;
  readonly #waiting: Uint8Array[] = [];
  #bytes = 0;
  #lost = 0;
  #isSoon = false;
  /** Whether the last line could not be written at all. */
  #isFailing = false;
  /** Whether what was written last is no whole line. */
  #isCut = false;

  constructor(options: LineWriterOptions) {
    this.#options = options;
  }

  /** Takes a line with its end. Never throws. */
  write(line: string): void {
    // The rest of a line that was cut is lost where nothing waits.
    const bytes = Buffer.from(this.#isCut && this.#bytes === 0 ? `\n${line}` : line);
    if (this.#bytes + bytes.length > this.#options.maxBytes) {
      this.#lost += 1;
      return;
    }
    this.#waiting.push(bytes);
    this.#bytes += bytes.length;
    // In the same turn where that is possible: then no line is lost when the process ends.
    this.flush();
  }

  /** Writes what waits, as far as that goes now. Gives whether nothing waits any more. */
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

  /** Gives the bytes that are done with. */
  #writeOne(): number {
    const [first = nothing] = this.#waiting;
    let written: number;
    try {
      written = this.#options.writeSome(first);
    } catch {
      // A full disk, or a reader that is gone: no log is worth the server.
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
