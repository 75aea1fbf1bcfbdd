import { IdList } from "../../base/id-list.ts";
import { chooseMove, type Occupation } from "./slot-choice.ts";
import type { ReadMs, Slots } from "./slots.ts";
import type { TokenList } from "./tokens.ts";

/** What the scheduler knows of a sequence. */
export interface SlotSequence {
  /** Undefined while it waits for one. */
  readonly slot: number | undefined;
  /** A paused sequence is not computed, and is preempted first. */
  readonly paused: boolean;
  readonly tokens: TokenList;
  /** It may reuse the cells of others with the same scope. */
  readonly scope: string;
  /** Whether a step has computed some of it since it got its slot. */
  readonly begun: boolean;
  /** Cells that must be free before it starts, beyond those of its tokens. */
  readonly headroom: number;
  start(slot: number, cached: number): void;
  /** Records that this many of its first tokens are computed, before it has begun. */
  reuse(cached: number): void;
  /** Continues in another slot, to which its cells have been moved. */
  move(slot: number): void;
  preempt(): void;
  /** Frees its resources other than cells. */
  free(): void;
}

/** A sequence that may write fewer tokens than this is not moved. */
const leastHeadroom = 8;

export interface SlotSchedulerOptions {
  readonly slots: Slots;
  /** Cells of the KV memory without an owner. */
  readonly cells: number;
}

/** A sequence with the id of its job. */
export type Entry<S> = readonly [id: number, sequence: S];

/**
 * Owns the sequences from arrival to end, and which of them run in slots.
 *
 * Cells are not reserved. When they run out, caches are evicted first, then the youngest paused sequence is preempted,
 * then the youngest of all. It loses its cells, keeps its tokens, sampler and text, and is computed again when there is
 * room. The oldest always continues, since a context fits the cells.
 */
export class SlotScheduler<S extends SlotSequence> {
  readonly #slots: Slots;
  readonly #cells: number;
  /** By age. */
  readonly #sequences = new IdList<S>();

  constructor({ slots, cells }: SlotSchedulerOptions) {
    this.#slots = slots;
    this.#cells = cells;
  }

  get ids(): readonly number[] {
    return this.#sequences.ids;
  }

  /** Whether any of them is to be computed. */
  get busy(): boolean {
    return this.#sequences.values.some((one) => !one.paused);
  }

  /** Those with a slot that are not paused, oldest first. */
  get running(): readonly Entry<S>[] {
    return this.#assigned.filter(([, one]) => !one.paused);
  }

  add(id: number, sequence: S): void {
    this.#sequences.add(id, sequence);
  }

  get(id: number): S | undefined {
    return this.#sequences.get(id);
  }

  /** Ends a sequence. Its cells stay as a cache if prompts may reuse them. */
  remove(id: number): void {
    const sequence = this.#sequences.take(id);
    if (sequence === undefined) return;
    if (sequence.slot !== undefined) this.#slots.release(sequence.slot);
    sequence.free();
  }

  /** Ends a sequence whose cells may be wrong: they must not be reused. */
  discard(id: number): void {
    const sequence = this.#sequences.get(id);
    if (sequence !== undefined) this.#preempt(sequence);
    this.remove(id);
  }

  /** Assigns slots to waiting sequences, oldest first, while there are slots and cells. */
  assign(): void {
    for (const sequence of this.#sequences.values) {
      if (sequence.slot !== undefined || sequence.paused) continue;
      while (!this.#tryAssign(sequence)) {
        // A running sequence is never preempted for a waiting one. But if none runs, paused ones are.
        const victim = this.#youngest((one) => one.paused);
        if (this.running.length > 0 || victim === undefined) return;
        if (victim.slot !== undefined) this.#slots.park(victim.slot);
        victim.preempt();
      }
    }
  }

  /**
   * Moves a sequence if running ones are apart, since each gap between their slots costs every step another pass over
   * the weights. One at a time, and none that ends soon.
   */
  closeUp(): void {
    const running = this.running;
    const occupations = this.#slots.taken.map((isTaken, slot): Occupation => {
      if (!isTaken) return "free";
      return running.some(([, one]) => one.slot === slot) ? "runs" : "fixed";
    });
    const move = chooseMove(occupations);
    if (move === undefined) return;
    const [, sequence] = running.find(([, one]) => one.slot === move.from) ?? [];
    if (sequence === undefined || sequence.headroom < leastHeadroom) return;
    if (this.#slots.move(move.from, move.to)) sequence.move(move.to);
  }

  /** Brings a cached prefix of a prompt into its slot before it is begun, if that is faster than reading it. */
  prepare(sequence: S, readMs: ReadMs): void {
    if (sequence.slot === undefined || sequence.begun) return;
    const newcomer = { tokens: sequence.tokens.view(), scope: sequence.scope };
    sequence.reuse(this.#slots.reuse(sequence.slot, newcomer, readMs));
  }

  /**
   * Frees cells after the library found none, and returns what was preempted. If only one sequence is left, which the
   * memory cannot hold, none is, and its id is returned.
   */
  makeRoom(): "cache" | "sequence" | { readonly stuck: number } {
    if (this.#slots.evict()) return "cache";
    const assigned = this.#assigned;
    const victim = this.#youngest((one) => one.paused) ?? this.#youngest(() => true);
    const [oldest] = assigned;
    if (oldest === undefined || victim === undefined) {
      throw new Error("bug: an empty KV memory has no room");
    }
    if (assigned.length === 1) return { stuck: oldest[0] };
    this.#preempt(victim);
    return "sequence";
  }

  get #assigned(): readonly Entry<S>[] {
    return [...this.#sequences].filter(([, one]) => one.slot !== undefined);
  }

  #tryAssign(sequence: S): boolean {
    const promised = this.#assigned.reduce((sum, [, one]) => sum + one.tokens.length, 0);
    const needed = promised + sequence.tokens.length + sequence.headroom;
    if (promised > 0 && needed > this.#cells) return false;
    const assign = this.#slots.assign({ tokens: sequence.tokens.view(), scope: sequence.scope });
    if (assign === undefined || assign === "later") return false;
    sequence.start(assign.slot, assign.cached);
    return true;
  }

  #preempt(sequence: S): void {
    if (sequence.slot !== undefined) this.#slots.discard(sequence.slot);
    sequence.preempt();
  }

  /** The youngest sequence with a slot that satisfies the condition. */
  #youngest(fits: (sequence: S) => boolean): S | undefined {
    return this.#assigned.findLast(([, one]) => fits(one))?.[1];
  }
}
