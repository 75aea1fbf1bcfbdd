import { chooseSeat } from "./seats.ts";
import { TokenList } from "./tokens.ts";

/** The KV memory's own operations, on sequence ids. */
export interface Cells {
  /** Forgets a sequence's cells from a position on; cells that others share stay theirs. */
  remove(slot: number, from: number): void;
  /** Gives a sequence another's first cells to share. */
  share(from: number, to: number, tokens: number): void;
  /**
   * Whether all of a sequence's cells are there, from position 0. Where attention slides, the library
   * gives away those that lie behind the window.
   */
  isWhole(slot: number): boolean;
}

export interface SlotOptions {
  readonly count: number;
  /**
   * The most cells that free slots keep, zero for none. Every running sequence's attention looks past
   * each of them, so a large cache that nobody reuses slows everybody.
   */
  readonly cacheCells: number;
  /** Whether the sequences can take over parts of each other's cells. */
  readonly sharing: boolean;
}

interface Slot {
  readonly tokens: TokenList;
  taken: boolean;
  usedAt: number;
}

const nothing = new Int32Array();

/**
 * Owns which job sits in which sequence of the KV memory and what its cells hold. A slot that is freed
 * keeps its cells as a cache, until a prompt reuses them or room is needed.
 */
export class Slots {
  readonly #cells: Cells;
  readonly #cacheCells: number;
  readonly #sharing: boolean;
  readonly #slots: readonly Slot[];
  #uses = 0;

  constructor(cells: Cells, options: SlotOptions) {
    this.#cells = cells;
    this.#cacheCells = options.cacheCells;
    this.#sharing = options.sharing;
    this.#slots = Array.from({ length: options.count }, () => ({
      tokens: new TokenList(),
      taken: false,
      usedAt: 0,
    }));
  }

  /** Cells in use, those that are shared counted for each who shares them. */
  get used(): number {
    return this.#slots.reduce((sum, slot) => sum + slot.tokens.length, 0);
  }

  /** Takes a free slot for a prompt and says how many of its tokens are there already. */
  seat(prompt: Int32Array): { readonly slot: number; readonly cached: number } | undefined {
    const views = this.#slots.map(({ tokens, taken, usedAt }, index) => ({
      tokens: tokens.length === 0 || this.#cells.isWhole(index) ? tokens.view() : nothing,
      taken,
      usedAt,
    }));
    const seat = chooseSeat(prompt, views, { sharing: this.#sharing });
    if (seat === undefined) return undefined;
    const slot = this.#at(seat.slot);
    const keep = seat.donor === seat.slot ? seat.cached : 0;
    if (slot.tokens.length > keep) this.#cells.remove(seat.slot, keep);
    slot.tokens.cut(keep);
    if (seat.cached > keep) {
      this.#cells.share(seat.donor, seat.slot, seat.cached);
      slot.tokens.append(prompt.subarray(0, seat.cached));
    }
    slot.taken = true;
    return { slot: seat.slot, cached: seat.cached };
  }

  /** Notes tokens that a step has put into a slot's cells. */
  extend(slot: number, tokens: Int32Array): void {
    this.#at(slot).tokens.append(tokens);
  }

  /** Frees a slot; its cells stay as a cache where prompts may reuse them. */
  release(slot: number): void {
    const freed = this.#at(slot);
    freed.taken = false;
    this.#uses += 1;
    freed.usedAt = this.#uses;
    while (this.#cached > this.#cacheCells) this.evict();
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
