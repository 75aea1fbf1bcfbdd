import { describe, expect, it } from "vitest";
import { chooseSeat } from "../../../src/engines/llama/seats.ts";
import type { SlotView } from "../../../src/engines/llama/seats.ts";

/** Token ids from 1 to n, optionally going another way after the first few. */
const tokens = (length: number, own = Infinity) =>
  Int32Array.from({ length }, (_, i) => (i < own ? i + 1 : 1000 + i));
const free = (held: Int32Array, usedAt = 0): SlotView => ({ tokens: held, taken: false, usedAt });
const taken = (held: Int32Array): SlotView => ({ tokens: held, taken: true, usedAt: 0 });
const empty = free(new Int32Array());

describe("chooseSeat", () => {
  const prompt = tokens(100);
  const cases: readonly [string, readonly SlotView[], object | undefined][] = [
    ["nowhere when every slot is taken", [taken(tokens(5))], undefined],
    ["in an empty slot before any cache", [free(tokens(50, 0)), empty], { slot: 1, cached: 0 }],
    [
      "in the slot longest unused",
      [free(tokens(50, 0), 3), free(tokens(50, 0), 2)],
      { slot: 1, cached: 0 },
    ],
    ["on its own beginning", [empty, free(tokens(60, 50))], { slot: 1, donor: 1, cached: 50 }],
    ["with one token left to compute", [free(tokens(100))], { slot: 0, donor: 0, cached: 99 }],
    [
      "on a copy of a running prompt's beginning",
      [taken(tokens(60)), empty],
      { slot: 1, donor: 0, cached: 60 },
    ],
    [
      "on a copy, where its own place would cost another more than it saves",
      [free(tokens(500, 50), 9), empty],
      { slot: 1, donor: 0, cached: 50 },
    ],
    [
      "in a free slot rather than on a copy, where both hold as much",
      [taken(tokens(60)), empty, free(tokens(60))],
      { slot: 2, donor: 2, cached: 60 },
    ],
    ["afresh, where too little is shared", [taken(tokens(7)), empty], { slot: 1, cached: 0 }],
  ];
  it.each(cases)("seats a prompt %s", (_, slots, expected) => {
    const seat = chooseSeat(prompt, slots, { sharing: true });
    if (expected === undefined) expect(seat).toBeUndefined();
    else expect(seat).toMatchObject(expected);
  });

  it("takes over no other slot's cells where they are not shared", () => {
    const alone = { sharing: false };
    expect(chooseSeat(prompt, [taken(tokens(60)), empty], alone)).toMatchObject({ cached: 0 });
    expect(chooseSeat(prompt, [free(tokens(500, 50), 9), empty], alone)).toMatchObject({
      slot: 1,
      cached: 0,
    });
    expect(chooseSeat(prompt, [empty, free(tokens(60))], alone)).toMatchObject({
      slot: 1,
      donor: 1,
      cached: 60,
    });
  });

  it("fills slots that are kept apart side by side, gaps first", () => {
    const slots = [empty, taken(tokens(5)), empty, taken(tokens(5)), empty, empty];
    expect(chooseSeat(prompt, slots, { sharing: false })).toMatchObject({ slot: 2 });
    expect(chooseSeat(prompt, slots, { sharing: true })).toMatchObject({ slot: 0 });
  });
});
