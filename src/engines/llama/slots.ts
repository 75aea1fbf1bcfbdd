import type { Cells } from "./cells.ts";
import type { PrefixStore } from "./prefix-store.ts";
import { chooseSeat, leastReuse, type SlotView, usable } from "./seats.ts";
import { TokenList } from "./tokens.ts";
import type { Transfers } from "./transfers.ts";

export interface SlotOptions {
  readonly count: number;
  /**
   * The most cells that free slots keep, zero for none. Where all share one pool, every running sequence's
   * attention looks past each of them, so a large cache that nobody reuses slows everybody.
   */
  readonly cacheCells: number;
  /** Whether the sequences can take over parts of each other's cells. */
  readonly sharing: boolean;
  /** What of a sequence can be gone on from. */
  readonly cuts: Cuts;
  /** The way to host memory and back, by which sequences move between slots. */
  readonly transfers: Transfers;
  /** Where sequences rest that lose their slot; undefined where nothing is remembered. */
  readonly store: PrefixStore | undefined;
}

/**
 * `anywhere`: from any of a sequence's tokens. `in place`: so while it stays in its slot, since a copy lacks what
 * lies behind the window of a sliding attention. `nowhere`: from its end only, as with a recurrent state.
 */
export type Cuts = "anywhere" | "in place" | "nowhere";

/** A prompt, and for whom it is. */
export interface Newcomer {
  readonly tokens: Int32Array;
  /** What is remembered of other scopes is not for it. */
  readonly scope: string;
}

/** Where a prompt's beginning can be brought from. */
interface Source {
  /** How many of its tokens it has. */
  readonly common: number;
  /** How many tokens it has in all. */
  readonly length: number;
  /** What bringing them should take. */
  readonly ms: number;
  /** Brings all of them. False where that failed, and the slot is empty. */
  readonly bring: () => boolean;
}

interface Slot {
  readonly tokens: TokenList;
  scope: string;
  taken: boolean;
  usedAt: number;
}

/** Fewer tokens are computed again rather than saved, copied or spared. */
const leastSaved = 32;
/** The longest that saving may hold up a step that others wait for, in milliseconds. */
const mostHoldUpMs = 50;

const nothing = new Int32Array();

/**
 * Owns which job sits in which sequence of the KV memory and what its cells hold. A slot that is freed
 * keeps its cells as a cache, until a prompt goes on from them or its slot is needed; then they go to host memory.
 */
export class Slots {
  readonly #cells: Cells;
  readonly #options: SlotOptions;
  readonly #slots: readonly Slot[];
  #uses = 0;
  /** What saving may still take in this step. */
  #leftMs = Infinity;

  constructor(cells: Cells, options: SlotOptions) {
    this.#cells = cells;
    this.#options = options;
    this.#slots = Array.from({ length: options.count }, () => ({
      tokens: new TokenList(),
      scope: "",
      taken: false,
      usedAt: 0,
    }));
  }

  /** Cells in use, those that are shared counted for each who shares them. */
  get used(): number {
    return this.#slots.reduce((sum, slot) => sum + slot.tokens.length, 0);
  }

  /** Which slots jobs run in. */
  get taken(): readonly boolean[] {
    return this.#slots.map(({ taken }) => taken);
  }

  /** Begins a step: whether others wait for it decides how long it may be held up. */
  begin(isAwaited: boolean): void {
    this.#leftMs = isAwaited ? mostHoldUpMs : Infinity;
  }

  /**
   * Takes a free slot for a prompt and says how many of its tokens are there already. Undefined where none is free;
   * `later` where what the slot holds is to be saved in another step.
   */
  seat(
    newcomer: Newcomer,
  ): { readonly slot: number; readonly cached: number } | "later" | undefined {
    const { sharing } = this.#options;
    const { tokens: prompt, scope } = newcomer;
    const seat = chooseSeat(prompt, this.#viewsFor(scope), { sharing });
    if (seat === undefined) return undefined;
    const slot = this.#at(seat.slot);
    const keep = seat.donor === seat.slot ? seat.cached : 0;
    if (keep === 0 && !this.#rescue(seat.slot)) return "later";
    if (slot.tokens.length > keep) this.#cells.remove(seat.slot, keep);
    slot.tokens.cut(keep);
    if (seat.cached > keep) {
      this.#cells.share(seat.donor, seat.slot, seat.cached);
      slot.tokens.append(prompt.subarray(0, seat.cached));
    }
    slot.taken = true;
    slot.scope = scope;
    return { slot: seat.slot, cached: seat.cached };
  }

  /**
   * Brings more of a prompt's beginning into its slot, from another slot or from host memory, where that is
   * quicker than computing it at `tokenMs` a token. Says how many of its tokens are there then.
   */
  reuse(index: number, newcomer: Newcomer, tokenMs: number): number {
    const { store, sharing } = this.#options;
    const has = this.#at(index).tokens.length;
    if (store === undefined || sharing) return has;
    const source = this.#sourceFor(index, newcomer, store);
    if (source === undefined || source.common < Math.max(leastReuse, has + leastSaved)) return has;
    if (source.ms > ((source.common - has) * tokenMs) / 2) return has;
    const isDone = source.bring();
    const brought = isDone ? newcomer.tokens.subarray(0, source.common) : nothing;
    return this.#fill(index, brought, source.length);
  }

  /** Notes tokens that a step has put into a slot's cells. */
  extend(slot: number, tokens: Int32Array): void {
    this.#at(slot).tokens.append(tokens);
  }

  /** Keeps a state that has no beginning to go back to as it is after a prompt: the next turn begins with all of it. */
  mark(slot: number): void {
    if (this.#options.cuts === "nowhere") this.#rescue(slot);
  }

  /**
   * Moves what runs in a slot to a free one. False where that would hold up the step for too long, or lose what
   * rests in the other.
   */
  move(from: number, to: number): boolean {
    const { transfers } = this.#options;
    const [source, target] = [this.#at(from), this.#at(to)];
    const { length } = source.tokens;
    if (transfers.saveMs(target.tokens.length) > mostHoldUpMs || !this.#rescue(to)) return false;
    const ms = transfers.saveMs(length) + transfers.restoreMs(length);
    if (ms > this.#leftMs) return false;
    this.#leftMs -= ms;
    const isDone = this.#copy(from, to);
    this.#fill(to, isDone ? source.tokens.view() : nothing, length);
    if (!isDone) return false;
    [target.taken, target.scope] = [true, source.scope];
    this.discard(from);
    return true;
  }

  /** Frees a slot; its cells stay as a cache where prompts may reuse them. */
  release(slot: number): void {
    const freed = this.#at(slot);
    freed.taken = false;
    this.#uses += 1;
    freed.usedAt = this.#uses;
    while (this.#cached > this.#options.cacheCells) this.evict();
  }

  /** Frees a slot whose job waits, and saves what it holds. */
  park(slot: number): void {
    this.#rescue(slot);
    this.discard(slot);
  }

  /** Frees a slot and its cells. */
  discard(slot: number): void {
    this.#at(slot).taken = false;
    this.#clear(slot);
  }

  /** Forgets the cache that was longest unused. False when there is none. */
  evict(): boolean {
    const caches = this.#slots
      .map((slot, index) => ({ slot, index }))
      .filter(({ slot }) => !slot.taken && slot.tokens.length > 0)
      .sort((a, b) => a.slot.usedAt - b.slot.usedAt);
    const oldest = caches[0];
    if (oldest === undefined) return false;
    this.#clear(oldest.index);
    return true;
  }

  get #cached(): number {
    return this.#slots.reduce((sum, slot) => sum + (slot.taken ? 0 : slot.tokens.length), 0);
  }

  #viewsFor(scope: string): readonly SlotView[] {
    const { sharing, cuts } = this.#options;
    return this.#slots.map(({ tokens, taken, usedAt, scope: whose }, index) => {
      const isTorn = tokens.length > 0 && !this.#cells.isWhole(index);
      return {
        // Where cells are shared, what is torn gives nothing.
        tokens: whose === scope && !(sharing && isTorn) ? tokens.view() : nothing,
        held: tokens.length,
        whole: isTorn || cuts === "nowhere",
        taken,
        usedAt,
      };
    });
  }

  /** What has the most of a prompt's beginning: another slot, or host memory. */
  #sourceFor(index: number, newcomer: Newcomer, store: PrefixStore): Source | undefined {
    const { transfers } = this.#options;
    const match = store.find(newcomer.tokens, newcomer.scope);
    const donor = this.#donorFor(index, newcomer);
    if (donor !== undefined && donor.common > (match?.common ?? 0)) {
      const { length } = this.#at(donor.slot).tokens;
      return {
        ...{ common: donor.common, length },
        ms: transfers.saveMs(length) + transfers.restoreMs(length),
        bring: () => this.#copy(donor.slot, index),
      };
    }
    if (match === undefined) return undefined;
    const { prefix, common } = match;
    const { length } = prefix.tokens;
    return {
      ...{ common, length, ms: transfers.restoreMs(length) },
      bring: () => {
        store.use(prefix);
        return transfers.restore(index, prefix.state, length);
      },
    };
  }

  /** The other slot that has the most of a prompt's beginning, to be copied. */
  #donorFor(
    index: number,
    { tokens: prompt, scope }: Newcomer,
  ): { readonly slot: number; readonly common: number } | undefined {
    let best: { readonly slot: number; readonly common: number } | undefined;
    for (const [slot, { tokens, whole }] of this.#viewsFor(scope).entries()) {
      if (slot === index) continue;
      const common = usable(prompt, { tokens, whole: whole || this.#copiesWhole });
      if (common > (best?.common ?? 0)) best = { slot, common };
    }
    return best;
  }

  /** Copies a sequence's state to another slot. False where the library cannot. */
  #copy(from: number, to: number): boolean {
    const { transfers } = this.#options;
    const { length } = this.#at(from).tokens;
    const state = transfers.save(from, length);
    if (state === undefined) return false;
    const isDone = transfers.restore(to, state, length);
    state.free();
    return isDone;
  }

  get #copiesWhole(): boolean {
    return this.#options.cuts !== "anywhere";
  }

  /** Saves what a slot holds before it is lost. False where that has to wait for another step. */
  #rescue(index: number): boolean {
    const { store, transfers } = this.#options;
    const { tokens, scope } = this.#at(index);
    if (store === undefined || store.limitBytes === 0) return true;
    if (tokens.length < leastSaved) return true;
    if (store.holds(tokens.view(), scope)) return true;
    const ms = transfers.saveMs(tokens.length);
    // It would hold up whoever waits, now or later: it is computed again.
    if (ms > mostHoldUpMs && this.#leftMs < Infinity) return true;
    if (ms > this.#leftMs) return false;
    this.#leftMs -= ms;
    const state = transfers.save(index, tokens.length);
    const whole = this.#copiesWhole;
    if (state !== undefined) store.put({ tokens: tokens.view().slice(), scope, whole, state });
    return true;
  }

  /** Notes what a slot holds after a restored state of so many tokens, of which only the first ones count. */
  #fill(index: number, tokens: Int32Array, restored: number): number {
    if (tokens.length < restored) this.#cells.remove(index, tokens.length);
    const slot = this.#at(index);
    slot.tokens.cut(0);
    slot.tokens.append(tokens);
    return tokens.length;
  }

  #clear(slot: number): void {
    this.#cells.remove(slot, 0);
    this.#at(slot).tokens.cut(0);
  }

  #at(index: number): Slot {
    const slot = this.#slots[index];
    if (slot === undefined) throw new Error(`bug: there is no slot ${index}`);
    return slot;
  }
}
