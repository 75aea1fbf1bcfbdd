import type { PrefixStore } from "./prefix-store.ts";
import type { Transfers } from "./transfers.ts";

/**
 * What of a sequence can be gone on from. `anywhere`: any of its tokens. `in place`: so while it stays in its slot,
 * since a copy lacks what lies behind the window of a sliding attention. `nowhere`: its end only, as with a
 * recurrent state.
 */
export type Cuts = "anywhere" | "in place" | "nowhere";

/** A prompt, and for whom it is. */
export interface Newcomer {
  readonly tokens: Int32Array;
  /** What is remembered of other scopes is not for it. */
  readonly scope: string;
}

/** What a slot holds. */
export interface Held extends Newcomer {
  readonly slot: number;
}

/** Where a prompt's beginning can be brought from. */
export interface Source {
  /** How many of its tokens it has. */
  readonly common: number;
  /** How many tokens it has in all. */
  readonly length: number;
  /** What bringing them should take, in milliseconds. */
  readonly ms: number;
  /** Brings all of them to a slot. False where that failed, and the slot is empty. */
  readonly bring: (slot: number) => boolean;
}

export interface IdleSlotsOptions {
  readonly transfers: Transfers;
  /** Undefined where nothing is remembered. */
  readonly store: PrefixStore | undefined;
  readonly cuts: Cuts;
}

/** Fewer tokens are computed again rather than saved. */
const leastSaved = 32;
/** The longest that saving may hold up a step that others wait for, in milliseconds. */
const mostHoldUpMs = 50;

/** Owns the time that sequences may take in a step to go to host memory, to come back, and to move. */
export class IdleSlots {
  readonly #transfers: Transfers;
  readonly #store: PrefixStore | undefined;
  readonly #cuts: Cuts;
  #leftMs = Infinity;

  constructor({ transfers, store, cuts }: IdleSlotsOptions) {
    this.#transfers = transfers;
    this.#store = store;
    this.#cuts = cuts;
  }

  get isOn(): boolean {
    return this.#store !== undefined;
  }

  /** Whether a copy can be gone on from at its end only. */
  get copiesWhole(): boolean {
    return this.#cuts !== "anywhere";
  }

  /** Begins a step: whether others wait for it decides how long it may be held up. */
  begin(isAwaited: boolean): void {
    this.#leftMs = isAwaited ? mostHoldUpMs : Infinity;
  }

  /** Saves what a slot holds before it is lost, if it is worth it. False where that has to wait for another step. */
  save({ slot, tokens, scope }: Held): boolean {
    const store = this.#store;
    if (store === undefined || store.limitBytes === 0 || tokens.length < leastSaved) return true;
    if (store.holds(tokens, scope)) return true;
    // It would hold up whoever waits, now or later: it is computed again.
    if (this.#leftMs < Infinity && this.isLong(tokens.length)) return true;
    if (!this.#take(this.#transfers.saveMs(tokens.length))) return false;
    const state = this.#transfers.save(slot, tokens.length);
    const whole = this.copiesWhole;
    if (state !== undefined) store.put({ tokens: tokens.slice(), scope, whole, state });
    return true;
  }

  /** Whether saving so many tokens takes longer than a step may be held up. */
  isLong(tokens: number): boolean {
    return this.#transfers.saveMs(tokens) > mostHoldUpMs;
  }

  /** What in host memory has the most of a prompt's beginning. */
  sourceFor({ tokens, scope }: Newcomer): Source | undefined {
    const store = this.#store;
    const match = store?.find(tokens, scope);
    if (store === undefined || match === undefined) return undefined;
    const { prefix, common } = match;
    const { length } = prefix.tokens;
    const bring = (slot: number): boolean => {
      store.use(prefix);
      return this.#transfers.restore(slot, prefix.state, length);
    };
    return { common, length, ms: this.#transfers.restoreMs(length), bring };
  }

  /** The same of a slot that holds so many tokens. */
  sourceIn(from: number, { common, length }: Pick<Source, "common" | "length">): Source {
    const bring = (to: number): boolean => this.#copy(from, to, length);
    return { common, length, ms: this.#copyMs(length), bring };
  }

  /** Whether moving so many tokens to another slot may hold up the step; it counts as done. */
  mayMove(length: number): boolean {
    return this.#take(this.#copyMs(length));
  }

  /** Copies what a slot holds to an empty one. False where the library cannot, and that is empty. */
  move(from: number, to: number, length: number): boolean {
    return length === 0 || this.#copy(from, to, length);
  }

  #copyMs(tokens: number): number {
    return this.#transfers.saveMs(tokens) + this.#transfers.restoreMs(tokens);
  }

  #copy(from: number, to: number, length: number): boolean {
    const state = this.#transfers.save(from, length);
    if (state === undefined) return false;
    const isDone = this.#transfers.restore(to, state, length);
    state.free();
    return isDone;
  }

  /** Takes of the time that is left. */
  #take(ms: number): boolean {
    if (ms > this.#leftMs) return false;
    this.#leftMs -= ms;
    return true;
  }
}
