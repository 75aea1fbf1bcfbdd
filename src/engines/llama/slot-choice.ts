import { commonLength } from "./tokens.ts";

/** A slot as the choice sees it. A slot is a sequence id of the KV memory. */
export interface SlotView {
  /** Tokens whose cells this prompt can reuse, from position 0. */
  readonly tokens: Int32Array;
  /** Tokens in its cells, for any prompt. */
  readonly held: number;
  /** Whether its cells can only be continued as a whole: some states cannot be cut at an earlier token. */
  readonly whole: boolean;
  /** Whether a job runs in it. The cells of a free slot are a cache. */
  readonly taken: boolean;
  /** Larger for a slot that was used later. */
  readonly usedAt: number;
}

/** The slot for a new prompt, and the reusable tokens. */
export interface SlotChoice {
  readonly slot: number;
  /** The slot whose first cells it reuses: the same, or another that keeps them too. */
  readonly donor: number;
  /** Number of reused tokens; zero for none. */
  readonly cached: number;
}

/** A shorter common prefix is computed again: a begin-of-text token alone is not worth keeping. */
export const leastReuse = 8;

/** Tokens at the end of another conversation that may be dropped to reuse its prefix, if the prefix can be copied. */
const mostLost = 64;

/** Capabilities of the KV memory. */
export interface SlotRules {
  /**
   * Whether slots share their cells: then one can reuse a part of another's. Otherwise, the library computes adjacent
   * slots together, and makes another pass over the weights for each gap between running slots.
   */
  readonly sharing: boolean;
}

/**
 * Chooses a slot for a prompt: a free slot with a common cached prefix, or the least recently used one, with the prefix
 * from the slot that has the longest. Slots without shared cells are filled side by side, gaps first. Undefined if no
 * slot is free.
 *
 * At least one prompt token is always left to compute, because its output is sampled from.
 */
export function chooseSlot(
  prompt: Int32Array,
  slots: readonly SlotView[],
  { sharing }: SlotRules,
): SlotChoice | undefined {
  const free = slots
    .map((slot, index) => ({ ...slot, index }))
    .filter((slot) => !slot.taken)
    .sort((a, b) => {
      const closer = sharing ? 0 : neighbours(slots, b.index) - neighbours(slots, a.index);
      return closer || rank(a) - rank(b);
    })[0];
  if (free === undefined) return undefined;

  let donor = free.index;
  let cached = 0;
  slots.forEach((slot, index) => {
    if (slot.taken && !sharing) return;
    const common = usable(prompt, slot);
    const better = common > cached || (common === cached && slots[donor]?.taken && !slot.taken);
    if (better) [donor, cached] = [index, common];
  });
  if (cached < leastReuse) return { slot: free.index, donor: free.index, cached: 0 };

  // In place, unless that drops more of another conversation than it saves. If the prefix can be copied: unless it
  // drops anything worth keeping.
  const source = slots[donor];
  const lost = (source?.held ?? 0) - cached;
  const inPlace = source !== undefined && !source.taken && lost <= (sharing ? cached : mostLost);
  if (!inPlace && !sharing) return { slot: free.index, donor: free.index, cached: 0 };
  return { slot: inPlace ? donor : free.index, donor, cached };
}

/** How many of a prompt's first tokens cells can provide: at most all but one. */
export function usable(
  prompt: Int32Array,
  { tokens, whole }: { readonly tokens: Int32Array; readonly whole: boolean },
): number {
  const common = Math.min(commonLength(prompt, tokens), prompt.length - 1);
  return whole && common < tokens.length ? 0 : common;
}

/** A slot as the choice of a move sees it. */
export type Occupation = "runs" | "free" | "fixed";

/**
 * Which sequence to move so that running ones are adjacent, if slots do not share cells: from a slot outside the
 * fullest window to a free one in it. Undefined if they are adjacent, or cannot be.
 */
export function chooseMove(
  slots: readonly Occupation[],
): { readonly from: number; readonly to: number } | undefined {
  const size = slots.filter((slot) => slot === "runs").length;
  let window: { readonly start: number; readonly running: number } | undefined;
  for (let start = 0; start + size <= slots.length; start += 1) {
    const inside = slots.slice(start, start + size);
    if (inside.includes("fixed")) continue;
    const running = inside.filter((slot) => slot === "runs").length;
    if (running > (window?.running ?? 0)) window = { start, running };
  }
  if (window === undefined || window.running === size) return undefined;
  const isInside = (slot: number) => slot >= window.start && slot < window.start + size;
  const from = slots.findIndex((slot, index) => slot === "runs" && !isInside(index));
  const to = slots.findIndex((slot, index) => slot === "free" && isInside(index));
  return { from, to };
}

/** Empty slots first, then by last use. */
function rank(slot: SlotView): number {
  return slot.held === 0 ? -1 : slot.usedAt;
}

/** How many of the adjacent slots are taken. */
function neighbours(slots: readonly SlotView[], index: number): number {
  return Number(slots[index - 1]?.taken ?? false) + Number(slots[index + 1]?.taken ?? false);
}
