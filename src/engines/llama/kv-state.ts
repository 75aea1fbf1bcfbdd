import koffi from "koffi";
import type { Pointer } from "./binding.ts";
import type { Library } from "./library.ts";

/**
 * A sequence's state outside the KV memory, in native memory rather than the JavaScript heap: it is freed at once, and
 * not when the garbage collector runs.
 */
export class KvState {
  readonly bytes: number;
  readonly #address: Pointer;

  private constructor(address: Pointer, bytes: number) {
    this.#address = address;
    this.bytes = bytes;
  }

  /** Copies a sequence's state. Undefined if the library cannot. */
  static of({ context: calls }: Library, context: Pointer, slot: number): KvState | undefined {
    const bytes = Number(calls.stateBytes(context, slot, 0));
    if (bytes === 0) return undefined;
    const address = koffi.alloc("uint8_t", bytes) as Pointer;
    const state = new KvState(address, bytes);
    if (Number(calls.stateOf(context, address, bytes, slot, 0)) === bytes) return state;
    state.free();
    return undefined;
  }

  /** Restores it as a sequence's state. If that fails, the sequence is empty and the result is false. */
  writeTo({ context: calls }: Library, context: Pointer, slot: number): boolean {
    return Number(calls.setState(context, this.#address, this.bytes, slot, 0)) === this.bytes;
  }

  free(): void {
    koffi.free(this.#address);
  }
}
