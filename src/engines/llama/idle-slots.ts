import type { PrefixStore } from "./prefix-store.ts";
import type { Transfers } from "./transfers.ts";

/**
 * From which positions a sequence can be continued. `anywhere`: from any token. `in place`: the same while it stays in
 * its slot, since a copy lacks the cells behind the window of a sliding attention. `nowhere`: only from its end, as
 * with a recurrent state.
 */
export type Cuts = "anywhere" | "in place" | "nowhere";

/** A prompt and its cache scope. */
export interface Newcomer {
  readonly tokens: Int32Array;
  /** Cached prefixes of other scopes are not used for it. */
  readonly scope: string;
}

/** Contents of a slot. */
export interface Held extends Newcomer {
  readonly slot: number;
}

/** A source of a prompt's prefix. */
export interface Source {
  /** Number of its tokens that match the prompt. */
  readonly common: number;
  /** Number of its tokens in total. */
  readonly length: number;
  /** Expected duration of bringing them, in milliseconds. */
  readonly ms: number;
  /** Brings all of them to a slot. If that fails, the result is false and the slot is empty. */
  readonly bring: (slot: number) => boolean;
}

export interface IdleSlotsOptions {
  readonly transfers: Transfers;
  /** Undefined if nothing is cached. */
  readonly store: PrefixStore | undefined;
  readonly cuts: Cuts;
}

/** Shorter sequences are computed again rather than saved. */
const leastSaved = 32;
/** Maximum delay that saving may add to a step that others wait for, in milliseconds. */
const mostHoldUpMs = 50;

/** Owns the time budget of a step for saving, restoring and moving sequences. */
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

  /** Whether a copy can be continued only from its end. */
  get copiesWhole(): boolean {
    return this.#cuts !== "anywhere";
  }

  /** Begins a step. Whether others wait for it decides the budget. */
  begin(isAwaited: boolean): void {
    this.#leftMs = isAwaited ? mostHoldUpMs : Infinity;
  }

  /** Saves the contents of a slot before they are lost, if worthwhile. False if that must wait for another step. */
  save({ slot, tokens, scope }: Held): boolean {
    const store = this.#store;
    if (store === undefined || store.limitBytes === 0 || tokens.length < leastSaved) return true;
    if (store.holds(tokens, scope)) return true;
    // Saving would delay waiting jobs, now or later, so the sequence is computed again.
    if (this.#leftMs < Infinity && this.isLong(tokens.length)) return true;
    if (!this.#take(this.#transfers.saveMs(tokens.length))) return false;
    const state = this.#transfers.save(slot, tokens.length);
    const whole = this.copiesWhole;
    if (state !== undefined) store.put({ tokens: tokens.slice(), scope, whole, state });
    return true;
  }

  /** Whether saving this many tokens exceeds the allowed delay of a step. */
  isLong(tokens: number): boolean {
    return this.#transfers.saveMs(tokens) > mostHoldUpMs;
  }

  /** The prefix in host memory that matches most of a prompt. */
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

  /** The same for a slot that holds this many tokens. */
  sourceIn(from: number, { common, length }: Pick<Source, "common" | "length">): Source {
    const bring = (to: number): boolean => this.#copy(from, to, length);
    return { common, length, ms: this.#copyMs(length), bring };
  }

  /** Whether the budget allows moving this many tokens to another slot. If so, it is charged. */
  mayMove(length: number): boolean {
    return this.#take(this.#copyMs(length));
  }

  /** Copies the contents of a slot to an empty one. False if the library cannot; then that slot is empty. */
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

  /** Charges the remaining budget. */
  #take(ms: number): boolean {
    if (ms > this.#leftMs) return false;
    this.#leftMs -= ms;
    return true;
  }
}
