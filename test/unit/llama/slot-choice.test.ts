import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseMove, chooseSlot, type Occupation } from "../../../src/engines/llama/slot-choice.ts";
import type { SlotView } from "../../../src/engines/llama/slot-choice.ts";

/** Token ids from 1 to n, optionally going another way after the first few. */
const tokens = (length: number, own = Infinity) =>
  Int32Array.from({ length }, (_, i) => (i < own ? i + 1 : 1000 + i));
const free = (held: Int32Array, usedAt = 0): SlotView => ({
  tokens: held,
  held: held.length,
  whole: false,
  taken: false,
  usedAt,
});
const taken = (held: Int32Array): SlotView => ({
  ...free(held),
  taken: true,
});
const empty = free(new Int32Array());

const together = { sharing: true };
const apart = { sharing: false };

describe("chooseSlot", () => {
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
    const assign = chooseSlot(prompt, slots, together);
    if (expected === undefined) expect(assign).toBeUndefined();
    else expect(assign).toMatchObject(expected);
  });

  it("takes over no other slot's cells where they are not shared", () => {
    expect(chooseSlot(prompt, [taken(tokens(60)), empty], apart)).toMatchObject({ cached: 0 });
    expect(chooseSlot(prompt, [free(tokens(500, 50), 9), empty], apart)).toMatchObject({
      slot: 1,
      cached: 0,
    });
    expect(chooseSlot(prompt, [empty, free(tokens(60))], apart)).toMatchObject({
      slot: 1,
      donor: 1,
      cached: 60,
    });
  });

  it("fills slots that are kept apart side by side, gaps first", () => {
    const slots = [empty, taken(tokens(5)), empty, taken(tokens(5)), empty, empty];
    expect(chooseSlot(prompt, slots, apart)).toMatchObject({ slot: 2 });
    expect(chooseSlot(prompt, slots, together)).toMatchObject({ slot: 0 });
  });
});

describe("chooseSlot where cells are copied", () => {
  const prompt = tokens(100);

  it("goes on in place where little of another conversation is lost, and else leaves it alone", () => {
    expect(chooseSlot(prompt, [empty, free(tokens(114, 50))], apart)).toMatchObject({ slot: 1 });
    expect(chooseSlot(prompt, [empty, free(tokens(115, 50))], apart)).toMatchObject({ slot: 0 });
  });

  it("counts what is held for others as held", () => {
    const others = { ...free(new Int32Array(), 1), held: 50 };
    expect(chooseSlot(prompt, [others, empty], apart)).toMatchObject({ slot: 1 });
  });

  it("goes on from a state that cannot be cut where the prompt begins with all of it", () => {
    const cachedIn = (held: Int32Array) =>
      chooseSlot(prompt, [empty, { ...free(held), whole: true }], apart)?.cached;
    expect([tokens(60), tokens(60, 59), tokens(100)].map(cachedIn)).toEqual([60, 0, 0]);
  });
});

describe("chooseMove", () => {
  const kinds: Readonly<Record<string, Occupation>> = { r: "runs", ".": "free", x: "fixed" };
  it.each([
    ["nothing for nobody", "....", undefined],
    ["nothing where all lie side by side", ".rrr.", undefined],
    ["the one that lies apart into the gap", "r.rr", [3, 1]],
    ["the few to the many", "r...rrr", [0, 3]],
    ["nothing where others are in the way", "rxr", undefined],
    ["to where nobody is in the way", "rxr..r", [0, 3]],
  ])("moves %s", (_, slots, expected) => {
    const move = chooseMove(Array.from(slots, (letter) => kinds[letter]!));
    expect(move && [move.from, move.to]).toEqual(expected);
  });

  it("brings any that run side by side, where none is in the way", () => {
    const slots = fc.array(fc.constantFrom<Occupation>("runs", "free"), { maxLength: 16 });
    fc.assert(
      fc.property(slots, (given) => {
        const now = [...given];
        for (let moves = 0; moves <= 16; moves += 1) {
          const move = chooseMove(now);
          if (move === undefined) break;
          expect([now[move.from], now[move.to]]).toEqual(["runs", "free"]);
          [now[move.from], now[move.to]] = ["free", "runs"];
        }
        expect(now.join("")).toMatch(/^(?:free)*(?:runs)*(?:free)*$/);
      }),
    );
  });
});
