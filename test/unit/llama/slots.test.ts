import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PrefixStore } from "../../../src/engines/llama/prefix-store.ts";
import { type SlotOptions, Slots } from "../../../src/engines/llama/slots.ts";
import { Transfers } from "../../../src/engines/llama/transfers.ts";
import { FakeCells } from "../../fixtures/fake-cells.ts";

const tokens = (first: number, length: number) =>
  Int32Array.from({ length }, (_, index) => first + index);
const joined = (...parts: readonly (Int32Array | number)[]) =>
  Int32Array.from(parts.flatMap((part) => (typeof part === "number" ? [part] : [...part])));

interface Given extends Partial<SlotOptions> {
  readonly storeBytes?: number;
  /** What a call of its clock adds, in milliseconds. */
  readonly tickMs?: number;
  /** What saving a token takes, in milliseconds, as it believes at first. */
  readonly saveMs?: number;
}

/** Slots over cells that hold tokens; they share their cells unless it says otherwise. */
function open(count: number, { storeBytes, tickMs = 0, saveMs = 0, ...options }: Given = {}) {
  const cells = new FakeCells();
  const store = storeBytes === undefined ? undefined : new PrefixStore(storeBytes);
  let now = 0;
  const transfers = new Transfers({
    cells,
    cellBytes: saveMs * (2 ** 20 / 0.6),
    now: () => (now += tickMs),
  });
  const shared = { cacheCells: 100, sharing: true, cuts: "anywhere" as const, transfers, store };
  const slots = new Slots(cells, { count, ...shared, ...options });
  /** Seats and computes a prompt. */
  const fill = (prompt: Int32Array, scope = "") => {
    const assign = slots.assign({ tokens: prompt, scope });
    if (assign === undefined || assign === "later") return assign;
    const cached = slots.reuse(assign.slot, { tokens: prompt, scope }, (count) => count);
    compute(assign.slot, prompt.subarray(cached));
    return { slot: assign.slot, cached };
  };
  const compute = (slot: number, more: Int32Array) => {
    cells.compute(slot, more);
    slots.extend(slot, more);
  };
  return { slots, cells, store, fill, compute, calls: cells.calls };
}

const apart = { sharing: false, cacheCells: Infinity, storeBytes: 10_000 };

describe("slots that share their cells", () => {
  it("give each prompt a slot until none is free", () => {
    const { fill } = open(2);
    expect([fill(tokens(1, 10)), fill(tokens(50, 10)), fill(tokens(90, 10))]).toEqual([
      { slot: 0, cached: 0 },
      { slot: 1, cached: 0 },
      undefined,
    ]);
  });

  it("keep a freed slot's cells for a prompt that begins alike, and drop the rest", () => {
    const { slots, calls, fill } = open(2);
    fill(tokens(1, 30));
    slots.release(0);
    expect(fill(joined(tokens(1, 20), 99))).toEqual({ slot: 0, cached: 20 });
    expect(calls).toEqual(["remove 0 from 20"]);
    expect(slots.used).toBe(21);
  });

  it("share a running prompt's beginning without computing it again", () => {
    const { calls, fill } = open(2);
    fill(tokens(1, 30));
    expect(fill(joined(tokens(1, 20), 99))).toEqual({ slot: 1, cached: 20 });
    expect(calls).toEqual(["share 0 with 1: 20"]);
  });

  it.each(["running", "kept"])(
    "take nothing over from a %s sequence whose first cells the library gave away",
    (state) => {
      const { slots, cells, calls, fill } = open(state === "kept" ? 1 : 2);
      fill(tokens(1, 30));
      if (state === "kept") slots.release(0);
      cells.torn.add(0);
      expect(fill(tokens(1, 40))).toMatchObject({ cached: 0 });
      expect(calls).toEqual(state === "kept" ? ["remove 0 from 0"] : []);
    },
  );

  it("keep no more than their cache may hold, the last used longest", () => {
    const { slots, calls, fill } = open(3, { cacheCells: 50 });
    for (const first of [100, 200, 300]) fill(tokens(first, 20));
    slots.release(1);
    slots.release(0);
    expect(calls).toEqual([]);
    slots.release(2);
    expect(calls).toEqual(["remove 1 from 0"]);
    expect(slots.used).toBe(40);
  });

  it("CVE-2025-46570 (vLLM, times tell of prompts): keep nothing where prompts may not reuse it", () => {
    const { slots, calls, fill } = open(1, { cacheCells: 0 });
    fill(tokens(1, 30));
    slots.release(0);
    expect(calls).toEqual(["remove 0 from 0"]);
  });

  it("give up caches for room, but no running prompt's cells", () => {
    const { slots, fill } = open(2);
    fill(tokens(1, 30));
    fill(tokens(100, 30));
    slots.release(1);
    expect([slots.evict(), slots.evict()]).toEqual([true, false]);
    expect(slots.used).toBe(30);
  });
});

describe("what is remembered", () => {
  it.each([true, false])("is for its own scope only, where cells are shared: %s", (sharing) => {
    const { slots, fill } = open(3, { ...apart, sharing });
    fill(tokens(1, 60), "key:1");
    slots.release(0);
    expect(fill(tokens(1, 61), "key:2")).toMatchObject({ cached: 0 });
    expect(fill(tokens(1, 61), "")).toMatchObject({ cached: 0 });
  });

  it("goes on in its own slot for its own scope", () => {
    const { slots, fill } = open(2, apart);
    fill(tokens(1, 60), "key:1");
    slots.release(0);
    expect(fill(tokens(1, 70), "key:1")).toEqual({ slot: 0, cached: 60 });
  });
});

describe("slots of their own", () => {
  it("save what they hold before another takes them, and bring it back", () => {
    const { slots, store, calls, fill } = open(1, apart);
    fill(tokens(1, 60));
    slots.release(0);
    fill(tokens(500, 60));
    expect(calls).toEqual(["save 0", "remove 0 from 0"]);
    expect(store!.bytes).toBe(60);
    slots.release(0);
    expect(fill(tokens(1, 80))).toEqual({ slot: 0, cached: 60 });
    expect(store!.counts).toEqual({ saved: 2, restored: 1, evicted: 0 });
  });

  it("save nothing twice, and nothing that is short", () => {
    const { slots, store, fill } = open(1, apart);
    fill(tokens(1, 31));
    slots.release(0);
    fill(tokens(500, 60));
    expect(store!.counts.saved).toBe(0);
    slots.release(0);
    fill(tokens(1, 60));
    slots.release(0);
    fill(tokens(500, 61));
    slots.release(0);
    fill(tokens(1, 61));
    expect(store!.counts.saved).toBe(3);
  });

  it("copy a beginning from another that runs, and cut what does not fit", () => {
    const { calls, fill, cells } = open(2, apart);
    fill(tokens(1, 90));
    const prompt = joined(tokens(1, 50), 999, 998);
    expect(fill(prompt)).toEqual({ slot: 1, cached: 50 });
    expect(calls).toEqual(["remove 1 from 0", "save 0", "restore 1", "remove 1 from 50"]);
    expect(cells.held(1)).toEqual([...prompt]);
    expect(cells.copies.size).toBe(0);
  });

  it("compute again what is copied no quicker", () => {
    const { fill } = open(2, { ...apart, saveMs: 1 });
    fill(tokens(1, 90));
    // Saving and restoring 90 tokens takes longer than half of what computing 50 takes, at 1 ms a token.
    expect(fill(joined(tokens(1, 50), 999))).toMatchObject({ cached: 0 });
  });

  it("put off, in a step that others wait for, what would hold it up for more than 50 ms with the rest", () => {
    const { slots, store, fill } = open(2, { ...apart, saveMs: 1 });
    for (const first of [1, 1000]) fill(tokens(first, 40));
    for (const slot of [0, 1]) slots.release(slot);
    slots.begin(true);
    expect(fill(tokens(2000, 40))).toMatchObject({ slot: 0 });
    expect(fill(tokens(3000, 40))).toBe("later");
    slots.begin(true);
    expect(fill(tokens(3000, 40))).toMatchObject({ slot: 1 });
    expect(store!.counts.saved).toBe(2);
  });

  it("forget what would alone hold up for longer a step that others wait for, and save it in others", () => {
    const { slots, store, fill } = open(1, { ...apart, saveMs: 1 });
    fill(tokens(1, 60));
    slots.release(0);
    slots.begin(true);
    fill(tokens(1000, 60));
    expect(store!.counts.saved).toBe(0);
    slots.release(0);
    slots.begin(false);
    fill(tokens(2000, 60));
    expect(store!.counts.saved).toBe(1);
  });

  it("move nothing where that would hold up a step, or lose what rests", () => {
    const { slots, fill } = open(4, { ...apart, saveMs: 1 });
    for (const [first, length] of [
      [1, 60],
      [100, 60],
      [200, 20],
    ] as const) {
      fill(tokens(first, length));
    }
    slots.release(1);
    slots.begin(true);
    expect(slots.move(0, 3)).toBe(false);
    expect(slots.move(2, 1)).toBe(false);
    expect(fill(tokens(100, 61))).toEqual({ slot: 1, cached: 60 });
    expect(slots.move(2, 3)).toBe(true);
  });

  it("move what runs", () => {
    const { slots, cells, fill } = open(3, apart);
    for (const first of [1, 100, 200]) fill(tokens(first, 40));
    slots.release(1);
    expect(slots.move(2, 1)).toBe(true);
    expect(cells.held(1)).toEqual([...tokens(200, 40)]);
    expect(slots.taken).toEqual([true, true, false]);
    // What rested there is not lost.
    slots.release(1);
    expect(fill(tokens(100, 50))).toMatchObject({ cached: 40 });
  });

  it("move a sequence that holds nothing yet to a slot that does", () => {
    const { slots, cells, fill, compute } = open(2, apart);
    fill(tokens(1, 60));
    slots.release(0);
    const assign = slots.assign({ tokens: tokens(500, 60), scope: "" });
    expect(assign).toEqual({ slot: 1, cached: 0 });
    expect(slots.move(1, 0)).toBe(true);
    expect(cells.held(0)).toEqual([]);
    compute(0, tokens(500, 60));
    expect(cells.held(0)).toEqual([...tokens(500, 60)]);
  });

  it("give a copy as a whole where it lacks what lies behind a window, and cut in place what does not", () => {
    const { slots, cells, fill } = open(2, { ...apart, cuts: "in place" });
    fill(tokens(1, 80));
    expect(fill(joined(tokens(1, 60), 900))).toEqual({ slot: 1, cached: 0 });
    slots.release(0);
    expect(fill(joined(tokens(1, 60), 901, 902))).toEqual({ slot: 0, cached: 60 });
    cells.torn.add(0);
    slots.release(0);
    expect(fill(joined(tokens(1, 61), 903))).toMatchObject({ cached: 0 });
  });

  it("give a state that cannot be cut as a whole only", () => {
    const { slots, fill, compute } = open(1, { ...apart, cuts: "nowhere" });
    fill(tokens(1, 40));
    slots.mark(0);
    compute(0, tokens(900, 8));
    slots.release(0);
    expect(fill(joined(tokens(1, 40), 700, 701))).toEqual({ slot: 0, cached: 40 });
    slots.release(0);
    expect(fill(joined(tokens(1, 39), 700, 701))).toEqual({ slot: 0, cached: 0 });
  });
});

interface Action {
  readonly kind: "come" | "leave" | "fail" | "park" | "move" | "wait";
  readonly family: number;
  readonly common: number;
  readonly own: number;
  readonly slot: number;
  readonly scope: string;
}

/** Slots under way, and what each running one must hold. */
class Course {
  readonly running = new Map<number, readonly number[]>();
  readonly #open: ReturnType<typeof open>;
  #serial = 0;

  constructor(opened: ReturnType<typeof open>) {
    this.#open = opened;
  }

  take(action: Action): void {
    const { kind, slot, own } = action;
    if (kind === "come") this.#come(action);
    else if (kind === "wait") this.#open.slots.begin(own % 2 === 0);
    else if (kind === "move") this.#move(slot);
    else if (this.running.has(slot)) this.#end(kind, action);
  }

  #come({ family, common, own, scope }: Action): void {
    const prompt = joined(tokens(family * 1000, common), 100_000 + this.#serial++, tokens(1, own));
    const assign = this.#open.fill(prompt, scope);
    if (assign === undefined || assign === "later") return;
    expect(assign.cached).toBeLessThan(prompt.length);
    this.running.set(assign.slot, [...prompt]);
    this.#open.slots.mark(assign.slot);
  }

  #move(to: number): void {
    const [from] = this.running.keys();
    if (from === undefined || this.running.has(to) || !this.#open.slots.move(from, to)) return;
    this.running.set(to, this.running.get(from)!);
    this.running.delete(from);
  }

  #end(kind: "leave" | "fail" | "park", { slot, own }: Action): void {
    const { slots, compute } = this.#open;
    compute(slot, tokens(own, 3));
    if (kind === "leave") slots.release(slot);
    if (kind === "fail") slots.discard(slot);
    if (kind === "park") slots.park(slot);
    this.running.delete(slot);
  }
}

it("holds in its cells what it says, frees every copy, and keeps within its bound, whatever comes", () => {
  const action = fc.record({
    kind: fc.constantFrom("come", "come", "come", "leave", "leave", "fail", "park", "move", "wait"),
    family: fc.integer({ min: 0, max: 3 }),
    common: fc.integer({ min: 0, max: 150 }),
    own: fc.integer({ min: 1, max: 60 }),
    slot: fc.integer({ min: 0, max: 3 }),
    scope: fc.constantFrom("a", "b"),
  });
  const options = fc.record({
    cuts: fc.constantFrom("anywhere", "in place", "nowhere"),
    storeBytes: fc.constantFrom(0, 100, 700),
  });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), options, (actions, given) => {
      const opened = open(4, { ...apart, ...given, tickMs: 0.01 });
      const { cells, store } = opened;
      const course = new Course(opened);
      for (const one of actions) {
        course.take(one);
        for (const [slot, held] of course.running) expect(cells.held(slot)).toEqual(held);
        expect(store!.bytes).toBeLessThanOrEqual(given.storeBytes);
        const kept = [...cells.copies].reduce((sum, { bytes }) => sum + bytes, 0);
        expect(kept).toBe(store!.bytes);
      }
      store!.clear();
      expect([store!.bytes, cells.copies.size]).toEqual([0, 0]);
    }),
    { numRuns: 300 },
  );
});
