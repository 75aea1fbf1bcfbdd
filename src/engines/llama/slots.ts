import type { Cells } from "./cells.ts";
import { IdleSlots, type Newcomer, type IdleSlotsOptions, type Source } from "./idle-slots.ts";
import { chooseSlot, leastReuse, type SlotView, usable } from "./slot-choice.ts";
import { TokenList } from "./tokens.ts";

export interface SlotOptions extends IdleSlotsOptions {
  readonly count: number;
  /**
   * Maximum cells that free slots keep, zero for none. With one shared pool, the attention of every running sequence
   * scans each of them, so a large unused cache slows all sequences.
   */
  readonly cacheCells: number;
  /** Whether sequences can reuse parts of each other's cells. */
  readonly sharing: boolean;
}

/** Time to compute this many tokens after this many others, in milliseconds. */
export type ReadMs = (tokens: number, depth: number) => number;

interface Slot {
  readonly tokens: TokenList;
  scope: string;
  taken: boolean;
  usedAt: number;
}

/** Shorter prefixes are computed rather than copied. */
const leastCopied = 32;

const nothing = new Int32Array();

/**
 * Owns which job uses which sequence of the KV memory, and the contents of its cells. A freed slot keeps its cells as a
 * cache, until a prompt continues from them or the slot is needed. Then they go to host memory.
 */
export class Slots {
  readonly #cells: Cells;
  readonly #options: SlotOptions;
  readonly #idle: IdleSlots;
  readonly #slots: readonly Slot[];
  #uses = 0;

  constructor(cells: Cells, options: SlotOptions) {
    this.#cells = cells;
    this.#options = options;
    this.#idle = new IdleSlots(options);
    this.#slots = Array.from({ length: options.count }, () => ({
      tokens: new TokenList(),
      scope: "",
      taken: false,
      usedAt: 0,
    }));
  }

  /** Cells in use; a shared cell counts for each sequence that shares it. */
  get used(): number {
    return this.#slots.reduce((sum, slot) => sum + slot.tokens.length, 0);
  }

  /** Slots with running jobs. */
  get taken(): readonly boolean[] {
    return this.#slots.map(({ taken }) => taken);
  }

  /** Begins a step. Whether others wait for it decides how long it may be delayed. */
  begin(isAwaited: boolean): void {
    this.#idle.begin(isAwaited);
  }

  /**
   * Takes a free slot for a prompt and returns how many of its tokens are already there. Undefined if none is free;
   * `later` if the contents of the slot must be saved in another step.
   */
  assign(
    newcomer: Newcomer,
  ): { readonly slot: number; readonly cached: number } | "later" | undefined {
    const { sharing } = this.#options;
    const { tokens: prompt, scope } = newcomer;
    const assign = chooseSlot(prompt, this.#viewsFor(scope), { sharing });
    if (assign === undefined) return undefined;
    const slot = this.#at(assign.slot);
    const keep = assign.donor === assign.slot ? assign.cached : 0;
    if (keep === 0 && !this.#save(assign.slot)) return "later";
    if (slot.tokens.length > keep) this.#cells.remove(assign.slot, keep);
    slot.tokens.cut(keep);
    if (assign.cached > keep) {
      this.#cells.share(assign.donor, assign.slot, assign.cached);
      slot.tokens.append(prompt.subarray(0, assign.cached));
    }
    slot.taken = true;
    slot.scope = scope;
    return { slot: assign.slot, cached: assign.cached };
  }

  /**
   * Brings more of a prompt's prefix into its slot, from another slot or from host memory, if that is faster than
   * reading it. Returns how many of its tokens are there then.
   */
  reuse(index: number, newcomer: Newcomer, readMs: ReadMs): number {
    const has = this.#at(index).tokens.length;
    if (!this.#idle.isOn || this.#options.sharing) return has;
    const rests = this.#idle.sourceFor(newcomer);
    const held = this.#sourceBeside(index, newcomer);
    const source = (held?.common ?? 0) > (rests?.common ?? 0) ? held : rests;
    if (source === undefined || source.common < Math.max(leastReuse, has + leastCopied)) return has;
    if (source.ms > readMs(source.common - has, has) / 2) return has;
    // The library keeps the existing contents if the state has no token.
    this.#clear(index);
    const brought = source.bring(index) ? newcomer.tokens.subarray(0, source.common) : nothing;
    return this.#fill(index, brought, source.length);
  }

  /** Records tokens that a step has written to a slot's cells. */
  extend(slot: number, tokens: Int32Array): void {
    this.#at(slot).tokens.append(tokens);
  }

  /** Saves a state that cannot be cut, as it is after a prompt: the next turn begins with all of it. */
  mark(slot: number): void {
    if (this.#options.cuts === "nowhere") this.#save(slot);
  }

  /**
   * Moves a running sequence to a free slot. False if that would delay the step for too long, or lose the contents of
   * the other slot.
   */
  move(from: number, to: number): boolean {
    const [source, target] = [this.#at(from), this.#at(to)];
    const { length } = source.tokens;
    if (this.#idle.isLong(target.tokens.length) || !this.#save(to)) return false;
    if (!this.#idle.mayMove(length)) return false;
    this.#clear(to);
    const isDone = this.#idle.move(from, to, length);
    this.#fill(to, isDone ? source.tokens.view() : nothing, length);
    if (!isDone) return false;
    [target.taken, target.scope] = [true, source.scope];
    this.discard(from);
    return true;
  }

  /** Frees a slot. Its cells stay as a cache if prompts may reuse them. */
  release(slot: number): void {
    const freed = this.#at(slot);
    freed.taken = false;
    this.#uses += 1;
    freed.usedAt = this.#uses;
    while (this.#cached > this.#options.cacheCells) this.evict();
  }

  /** Frees a slot whose job waits, and saves its contents. */
  park(slot: number): void {
    this.#save(slot);
    this.discard(slot);
  }

  /** Frees a slot and its cells. */
  discard(slot: number): void {
    this.#at(slot).taken = false;
    this.#clear(slot);
  }

  /** Drops the least recently used cache. False if there is none. */
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
        // With shared cells, dropping a part frees nothing.
        tokens: whose === scope && !(sharing && isTorn) ? tokens.view() : nothing,
        held: tokens.length,
        whole: isTorn || cuts === "nowhere",
        taken,
        usedAt,
      };
    });
  }

  /** The other slot with the most of a prompt's prefix. */
  #sourceBeside(index: number, { tokens: prompt, scope }: Newcomer): Source | undefined {
    const copiesWhole = this.#idle.copiesWhole;
    let [best, most] = [index, 0];
    for (const [slot, { tokens, whole }] of this.#viewsFor(scope).entries()) {
      if (slot === index) continue;
      const common = usable(prompt, { tokens, whole: whole || copiesWhole });
      if (common > most) [best, most] = [slot, common];
    }
    if (most === 0) return undefined;
    return this.#idle.sourceIn(best, { common: most, length: this.#at(best).tokens.length });
  }

  /** Saves the contents of a slot before they are lost. False if that must wait for another step. */
  #save(index: number): boolean {
    const { tokens, scope } = this.#at(index);
    return this.#idle.save({ slot: index, tokens: tokens.view(), scope });
  }

  /** Records the contents of a slot after a restored state of this many tokens, of which only the first ones count. */
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
