import { commonLength } from "./tokens.ts";

/** A slot as the choice sees it: a slot is a sequence id of the KV memory. */
export interface SlotView {
  /** The tokens whose cells it can give to this prompt, from position 0. */
  readonly tokens: Int32Array;
  /** How many tokens its cells hold, whoever they are for. */
  readonly held: number;
  /** Whether its cells can be gone on from as a whole only: some states have no beginning that could be cut out. */
  readonly whole: boolean;
  /** Whether a job runs in it; a free slot's cells are a cache. */
  readonly taken: boolean;
  /** Larger for a slot that was used later. */
  readonly usedAt: number;
}

/** Where a new prompt goes, and what it finds there. */
export interface SlotChoice {
  readonly slot: number;
  /** The slot whose first cells it takes over: itself, or another that keeps them too. */
  readonly donor: number;
  /** How many; zero for none. */
  readonly cached: number;
}

/** A shorter common beginning is computed again: a begin-of-text token is no prefix worth keeping. */
export const leastReuse = 8;

/** The end of another conversation that may be thrown away for the sake of its beginning, where that can be copied. */
const mostLost = 64;

/** What the KV memory can do. */
export interface SlotRules {
  /**
   * Whether slots share their cells: then one can take over a part of another's. Where they are kept
   * apart, the library computes slots that lie side by side together and passes over the weights once
   * more for each gap between those that run.
   */
  readonly sharing: boolean;
}

/**
 * Seats a prompt: in a free slot whose cached beginning it shares, or in the one longest unused, with
 * the beginning shared with wherever the longest is. Slots that are kept apart are rather filled side by
 * side, gaps first. Undefined when no slot is free.
 *
 * At least one prompt token is always left to compute, because its output is what is sampled from.
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

  // In place, unless that throws away more of another conversation than it saves; where it can be copied, unless
  // that throws away anything worth keeping.
  const source = slots[donor];
  const lost = (source?.held ?? 0) - cached;
  const inPlace = source !== undefined && !source.taken && lost <= (sharing ? cached : mostLost);
  if (!inPlace && !sharing) return { slot: free.index, donor: free.index, cached: 0 };
  return { slot: inPlace ? donor : free.index, donor, cached };
}

/** How many of a prompt's first tokens cells can give: all but one of it at most. */
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
 * Which sequence to move so that those that run lie closer side by side, where slots are kept apart: from a
 * slot outside the fullest window to a free one in it. Undefined where they lie so, or cannot.
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

/** How many of the slots beside it are taken. */
function neighbours(slots: readonly SlotView[], index: number): number {
  return Number(slots[index - 1]?.taken ?? false) + Number(slots[index + 1]?.taken ?? false);
}
