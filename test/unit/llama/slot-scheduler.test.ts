import { beforeEach, describe, expect, it } from "vitest";
import { SlotScheduler, type SlotSequence } from "../../../src/engines/llama/slot-scheduler.ts";
import { Slots } from "../../../src/engines/llama/slots.ts";
import { Transfers } from "../../../src/engines/llama/transfers.ts";
import { FakeCells } from "../../fixtures/fake-cells.ts";
import { TokenList } from "../../../src/engines/llama/tokens.ts";

/** A sequence of so many tokens, which wants two cells more. */
class Sequence implements SlotSequence {
  slot: number | undefined;
  paused = false;
  isFreed = false;
  begun = false;
  readonly scope = "";
  headroom = 2;
  readonly tokens: TokenList;

  constructor(tokens: number) {
    this.tokens = new TokenList(Int32Array.from({ length: tokens }, (_, token) => token));
  }

  start(slot: number): void {
    this.slot = slot;
  }

  reuse(): void {}

  move(slot: number): void {
    this.slot = slot;
  }

  preempt(): void {
    this.slot = undefined;
  }

  free(): void {
    this.isFreed = true;
  }
}

const cells = 20;
let slots: Slots;
let seating: SlotScheduler<Sequence>;

beforeEach(() => {
  const memory = new FakeCells();
  const transfers = new Transfers({ cells: memory, cellBytes: 1, now: () => 0 });
  const options = { sharing: false, cuts: "anywhere" as const, transfers, store: undefined };
  slots = new Slots(memory, { count: 3, cacheCells: cells, ...options });
  seating = new SlotScheduler({ slots, cells });
});

/** Adds sequences of so many tokens, with ids from 1 on, and seats them. */
function seated(...lengths: readonly number[]): readonly Sequence[] {
  const added = lengths.map((tokens) => new Sequence(tokens));
  for (const [index, sequence] of added.entries()) seating.add(index + 1, sequence);
  seating.assign();
  return added;
}

const running = (): readonly number[] => seating.running.map(([id]) => id);

/** Puts a sequence's tokens into its cells, as a step does. */
function compute({ slot, tokens }: Sequence): void {
  if (slot !== undefined) slots.extend(slot, tokens.view());
}

describe("a sequence that waits", () => {
  it("gets a slot by its age while there are some", () => {
    seated(1, 1, 1, 1);
    expect(running()).toEqual([1, 2, 3]);
    seating.remove(2);
    seating.assign();
    expect(running()).toEqual([1, 3, 4]);
  });

  it("gets none where its tokens and some more would not fit beside those of others", () => {
    const [first] = seated(12, 7);
    expect(running()).toEqual([1]);
    seating.remove(1);
    expect(first?.isFreed).toBe(true);
    seating.assign();
    expect(running()).toEqual([2]);
  });

  it("begins alone though it has no room to grow", () => {
    seated(20);
    expect(running()).toEqual([1]);
  });

  it("is not overtaken by a younger one that would fit", () => {
    seated(12, 7, 1);
    expect(running()).toEqual([1]);
  });

  it("gets the place of the youngest that is paused where none runs", () => {
    const [first, second] = seated(8, 4);
    for (const one of [first, second]) one!.paused = true;
    seating.add(3, new Sequence(8));
    seating.assign();
    expect(second?.slot).toBeUndefined();
    expect(first?.slot).toBeDefined();
    expect(running()).toEqual([3]);
  });

  it("waits on beside one that runs, whoever is paused", () => {
    const [first, second] = seated(8, 4);
    second!.paused = true;
    seating.add(3, new Sequence(8));
    seating.assign();
    expect(second?.slot).toBeDefined();
    expect(first?.slot).toBeDefined();
    expect(running()).toEqual([1]);
  });
});

describe("when the cells have run out", () => {
  it("a cache goes first", () => {
    const [, second] = seated(4, 4);
    compute(second!);
    seating.remove(2);
    expect(slots.used).toBe(4);
    expect(seating.makeRoom()).toBe("cache");
    expect(slots.used).toBe(0);
    expect(running()).toEqual([1]);
  });

  it("then the youngest that is paused, then the youngest of all", () => {
    const [, second] = seated(4, 4, 4);
    second!.paused = true;
    expect(seating.makeRoom()).toBe("sequence");
    expect(second?.slot).toBeUndefined();
    expect(running()).toEqual([1, 3]);
    expect(seating.makeRoom()).toBe("sequence");
    expect(running()).toEqual([1]);
  });

  it("one that is alone is stuck", () => {
    seated(4);
    expect(seating.makeRoom()).toEqual({ stuck: 1 });
  });
});

describe("sequences that run apart", () => {
  const slotsOf = (sequences: readonly Sequence[]) => sequences.map(({ slot }) => slot);

  it("move together", () => {
    const all = seated(2, 2, 2);
    for (const one of all) compute(one);
    for (const one of all) one.headroom = 64;
    seating.remove(2);
    seating.closeUp();
    expect(slotsOf([all[0]!, all[2]!])).toEqual([0, 1]);
    seating.closeUp();
    expect(slotsOf([all[0]!, all[2]!])).toEqual([0, 1]);
  });

  it("stay where the one to move ends soon", () => {
    const all = seated(2, 2, 2);
    for (const one of all) compute(one);
    seating.remove(2);
    seating.closeUp();
    expect(slotsOf([all[0]!, all[2]!])).toEqual([0, 2]);
  });
});
