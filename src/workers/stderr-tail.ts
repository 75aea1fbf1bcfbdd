/** What a worker printed last: where native code ends a process, only that says why. */

/** Lines kept. */
const kept = 8;
/** V8, glibc and Rust print a stack after the sentence that matters, and would push it out. */
const stackFrame = /^\s*(\d+: +|#\d+ +)0x[0-9a-f]+/;
/** As V8, C++, the C library and the kernel say it. */
const memoryShort = /out of memory|bad_alloc|cannot allocate memory|insufficient memory/i;

/** Keeps the last lines that are no stack frames. */
export class StderrTail {
  readonly #lines: string[] = [];

  note(line: string): void {
    if (stackFrame.test(line)) return;
    this.#lines.push(line);
    if (this.#lines.length > kept) this.#lines.shift();
  }

  /** The oldest first. */
  get lines(): readonly string[] {
    return this.#lines;
  }
}

/** Whether these lines say that memory ran out: the signal that follows, SIGABRT, does not. */
export function tellShortMemory(lines: readonly string[]): boolean {
  return lines.some((line) => memoryShort.test(line));
}
