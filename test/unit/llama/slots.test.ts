import { describe, expect, it } from "vitest";
import { Slots } from "../../../src/engines/llama/slots.ts";

const tokens = (first: number, length: number) =>
  Int32Array.from({ length }, (_, index) => first + index);

function open(count: number, cacheCells: number) {
  const calls: string[] = [];
  const torn = new Set<number>();
  const slots = new Slots(
    {
      remove: (slot, from) => calls.push(`remove ${slot} from ${from}`),
      share: (from, to, length) => calls.push(`share ${from} with ${to}: ${length}`),
      isWhole: (slot) => !torn.has(slot),
    },
    { count, cacheCells, sharing: true },
  );
  /** Seats and computes a prompt. */
  const fill = (prompt: Int32Array) => {
    const seat = slots.seat(prompt);
    if (seat !== undefined) slots.extend(seat.slot, prompt.subarray(seat.cached));
    return seat;
  };
  return { slots, calls, fill, torn };
}

describe("Slots", () => {
  it("gives each prompt a slot until none is free", () => {
    const { fill } = open(2, 100);
    expect([fill(tokens(1, 10)), fill(tokens(50, 10)), fill(tokens(90, 10))]).toEqual([
      { slot: 0, cached: 0 },
      { slot: 1, cached: 0 },
      undefined,
    ]);
  });

  it("keeps a freed slot's cells for a prompt that begins alike, and drops the rest", () => {
    const { slots, calls, fill } = open(2, 100);
    fill(tokens(1, 30));
    slots.release(0);
    expect(fill(Int32Array.of(...tokens(1, 20), 99))).toEqual({ slot: 0, cached: 20 });
    expect(calls).toEqual(["remove 0 from 20"]);
    expect(slots.used).toBe(21);
  });

  it("shares a running prompt's beginning without computing it again", () => {
    const { calls, fill } = open(2, 100);
    fill(tokens(1, 30));
    expect(fill(Int32Array.of(...tokens(1, 20), 99))).toEqual({ slot: 1, cached: 20 });
    expect(calls).toEqual(["share 0 with 1: 20"]);
  });

  it.each(["running", "kept"])(
    "takes nothing over from a %s sequence whose first cells the library gave away",
    (state) => {
      const { slots, calls, fill, torn } = open(state === "kept" ? 1 : 2, 100);
      fill(tokens(1, 30));
      if (state === "kept") slots.release(0);
      torn.add(0);
      expect(fill(tokens(1, 40))?.cached).toBe(0);
      expect(calls).toEqual(state === "kept" ? ["remove 0 from 0"] : []);
    },
  );

  it("keeps no more than its cache may hold, the last used longest", () => {
    const { slots, calls, fill } = open(3, 50);
    for (const first of [100, 200, 300]) fill(tokens(first, 20));
    slots.release(1);
    slots.release(0);
    expect(calls).toEqual([]);
    slots.release(2);
    expect(calls).toEqual(["remove 1 from 0"]);
    expect(slots.used).toBe(40);
  });

  it("CVE-2025-46570 (vLLM, times tell of prompts): keeps nothing where prompts may not reuse it", () => {
    const { slots, calls, fill } = open(1, 0);
    fill(tokens(1, 30));
    slots.release(0);
    expect(calls).toEqual(["remove 0 from 0"]);
  });

  it("gives up caches for room, but no running prompt's cells", () => {
    const { slots, fill } = open(2, 100);
    fill(tokens(1, 30));
    fill(tokens(100, 30));
    slots.release(1);
    expect([slots.evict(), slots.evict()]).toEqual([true, false]);
    expect(slots.used).toBe(30);
  });
});
