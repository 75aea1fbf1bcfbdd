import type { ServerHttp2Stream } from "node:http2";
import { ServeError } from "../base/errors.ts";
import { AddressLimits } from "./address-limits.ts";

export interface CallLimitOptions {
  /** On all connections together. */
  readonly maxOpenCalls: number;
  /** How many percent of them may be one address's. */
  readonly maxAddressPercent: number;
}

// Endless calls hold places for as long as their callers like, and Watch needs no credential. So most places are
// for calls that end.
const endlessPart = 1 / 4;

/** Bounds the calls that are open at once: in all, of one address, and those that may last for ever. */
export class CallLimits {
  readonly #all: AddressLimits;
  readonly #endless: AddressLimits;

  constructor({ maxOpenCalls: total, maxAddressPercent: addressPercent }: CallLimitOptions) {
    this.#all = new AddressLimits({ total, addressPercent });
    this.#endless = new AddressLimits({ total: Math.ceil(total * endlessPart), addressPercent });
  }

  get open(): number {
    return this.#all.taken;
  }

  /** Gives a call its place until its stream is closed, or says why there is none. */
  take(stream: ServerHttp2Stream, isEndless: boolean): ServeError | undefined {
    for (const limits of isEndless ? [this.#endless, this.#all] : [this.#all]) {
      const leave = limits.take(stream.session?.socket.remoteAddress);
      if (leave === undefined) return tooManyOpen();
      stream.once("close", leave);
    }
    return undefined;
  }
}

/** There is no place for a call. */
export function tooManyOpen(): ServeError {
  const message = "too many calls are open, in all or of your address; try again";
  return new ServeError("TOO_MANY_OPEN_CALLS", message, { retryAfterMs: 1000 });
}
