/** llguidance as WebAssembly: see third_party/llguidance. The one place that knows its functions and its memory. */
import { readFileSync } from "node:fs";
import { MatcherError } from "./matcher.ts";

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly __stack_pointer: WebAssembly.Global;
  readonly err_ptr: () => number;
  readonly err_len: () => number;
  readonly alloc: (bytes: number) => number;
  readonly dealloc: (at: number, bytes: number) => void;
  readonly vocab_new: (lengths: number, count: number, bytes: number, end: number) => number;
  readonly matcher_new: (vocabulary: number, kind: number, text: number, length: number) => number;
  readonly matcher_free: (matcher: number) => void;
  readonly matcher_clone: (matcher: number) => number;
  readonly matcher_mask: (matcher: number, out: number, words: number) => number;
  readonly matcher_check: (matcher: number, token: number) => number;
  readonly matcher_consume: (matcher: number, token: number) => number;
  readonly matcher_rollback: (matcher: number, count: number) => number;
  readonly matcher_accepting: (matcher: number) => number;
  readonly matcher_stopped: (matcher: number) => number;
}

const path = new URL("../../../third_party/llguidance/llguidance.wasm", import.meta.url);
let compiled: WebAssembly.Module | undefined;
const pageBytes = 65_536;

/** One instance with its memory, which only grows. */
export class Module {
  readonly #exports: Exports;
  readonly #stackTop: number;
  #isBroken = false;

  /** `memory` is what another instance's memory held when none of its functions ran. */
  constructor(memory?: SharedArrayBuffer) {
    compiled ??= new WebAssembly.Module(readFileSync(path));
    const imports = { env: { now: () => performance.now() } };
    // The shape that the crate's source gives it; a test loads it.
    const exports = new WebAssembly.Instance(compiled, imports).exports as unknown as Exports;
    this.#exports = exports;
    this.#stackTop = exports.__stack_pointer.value;
    if (memory === undefined) return;
    const more = memory.byteLength - exports.memory.buffer.byteLength;
    if (more > 0) exports.memory.grow(more / pageBytes);
    new Uint8Array(exports.memory.buffer).set(new Uint8Array(memory));
  }

  /** It ended in the middle of a function: what that function worked on is lost. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  get bytes(): number {
    return this.#exports.memory.buffer.byteLength;
  }

  /** A copy of its memory, for other instances. */
  snapshot(): SharedArrayBuffer {
    const copy = new SharedArrayBuffer(this.bytes);
    new Uint8Array(copy).set(new Uint8Array(this.#exports.memory.buffer));
    return copy;
  }

  /** Calls a function that answers 0 or more, or -1 where it fails. */
  number(call: (exports: Exports) => number): number {
    const answer = this.#run(call);
    if (answer < 0) throw new MatcherError(this.#error());
    return answer;
  }

  /** Calls a function that answers with a pointer, or 0 where it fails. */
  pointer(call: (exports: Exports) => number): number {
    // Pointers are unsigned, and WebAssembly gives them with a sign.
    const at = this.#run(call) >>> 0;
    if (at === 0) throw new MatcherError(this.#error());
    return at;
  }

  /** Puts bytes into its memory while `use` runs. */
  with<T>(bytes: Uint8Array, use: (at: number) => T): T {
    const at = this.pointer(({ alloc }) => alloc(bytes.length));
    new Uint8Array(this.#exports.memory.buffer).set(bytes, at);
    const result = use(at);
    this.#run(({ dealloc }) => {
      dealloc(at, bytes.length);
      return 0;
    });
    return result;
  }

  /** A view of its memory, valid until a function is called. */
  words(at: number, count: number): Uint32Array {
    return new Uint32Array(this.#exports.memory.buffer, at, count);
  }

  #error(): string {
    const { memory, err_ptr: at, err_len: length } = this.#exports;
    return Buffer.from(memory.buffer, at() >>> 0, length()).toString("utf8");
  }

  #run(call: (exports: Exports) => number): number {
    try {
      return call(this.#exports);
    } catch (thrown) {
      // A trap: memory or stack ran out, or a panic. It leaves the stack's pointer where it was.
      if (!(thrown instanceof WebAssembly.RuntimeError || thrown instanceof RangeError))
        throw thrown;
      this.#isBroken = true;
      this.#exports.__stack_pointer.value = this.#stackTop;
      throw new MatcherError("it takes too much memory, or nests too deep", { cause: thrown });
    }
  }
}
