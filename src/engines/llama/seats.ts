/** A slot as the choice sees it: a slot is a sequence id of the KV memory. */
export interface SlotView {
  /** The tokens whose cells it can give, from position 0. */
  readonly tokens: Int32Array;
  /** Whether a job runs in it; a free slot's cells are a cache. */
  readonly taken: boolean;
  /** Larger for a slot that was used later. */
  readonly usedAt: number;
}

/** Where a new prompt goes, and what it finds there. */
export interface Seat {
  readonly slot: number;
  /** The slot whose first cells it takes over: itself, or another that keeps them too. */
  readonly donor: number;
  /** How many; zero for none. */
  readonly cached: number;
}

/** A shorter common beginning is computed again: a begin-of-text token is no prefix worth keeping. */
const leastReuse = 8;

/** What the KV memory can do. */
export interface SeatRules {
  /**
   * Whether slots share their cells: then one can take over a part of another's. Where they are kept
   * apart, the library computes slots that lie side by side together and passes over the weights once
   * more for each gap between those that run.
   */
  readonly sharing: boolean;
}

/**
 * Seats a prompt: in a free slot whose cached beginning it shares, or in the one longest unused, with
 * the beginning copied from wherever the longest is. Slots that are kept apart are rather filled side by
 * side, gaps first. Undefined when no slot is free.
 *
 * At least one prompt token is always left to compute, because its output is what is sampled from.
 */
export function chooseSeat(
  prompt: Int32Array,
  slots: readonly SlotView[],
  { sharing }: SeatRules,
): Seat | undefined {
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
    const common = Math.min(commonLength(prompt, slot.tokens), prompt.length - 1);
    const better = common > cached || (common === cached && slots[donor]?.taken && !slot.taken);
    if (better) [donor, cached] = [index, common];
  });
  if (cached < leastReuse) return { slot: free.index, donor: free.index, cached: 0 };

  // In place, unless that throws away more of another conversation than it saves.
  const source = slots[donor];
  const inPlace = source !== undefined && !source.taken && cached * 2 >= source.tokens.length;
  if (!inPlace && !sharing) return { slot: free.index, donor: free.index, cached: 0 };
  return { slot: inPlace ? donor : free.index, donor, cached };
}

/** Empty slots first, then by last use. */
function rank(slot: SlotView): number {
  return slot.tokens.length === 0 ? -1 : slot.usedAt;
}

/** How many of the slots beside it are taken. */
function neighbours(slots: readonly SlotView[], index: number): number {
  return Number(slots[index - 1]?.taken ?? false) + Number(slots[index + 1]?.taken ?? false);
}

function commonLength(a: Int32Array, b: Int32Array): number {
  const most = Math.min(a.length, b.length);
  for (let i = 0; i < most; i += 1) if (a[i] !== b[i]) return i;
  return most;
}
