import { describe, expect, it } from "vitest";
import { spread } from "../../../bench/lib/statistics.ts";
import { seededRandom, wholeBetween } from "../../../bench/lib/random.ts";
import { arrivals } from "../../../bench/load/arrivals.ts";
import { ServeError } from "../../../src/base/errors.ts";
import { Queue } from "../../../src/scheduling/queue.ts";
import { WaitingRoom } from "../../../src/scheduling/waiting-room.ts";
import type { Priority } from "../../../src/scheduling/ticket.ts";
import { never } from "../../fixtures/jobs.ts";

/** A caller's calls: at these times, of this many tokens, each a millisecond of its slot. */
interface Traffic {
  readonly caller: string;
  readonly priority?: Priority;
  readonly perSecond: number;
  readonly tokens: readonly [least: number, most: number];
}

interface Outcome {
  readonly caller: string;
  /** Of those that were served: from their arrival to their end. */
  readonly tookMs: number | undefined;
}

interface Event {
  readonly atMs: number;
  readonly run: () => void;
}

const slots = 16;
const lastsMs = 15_000;

/** A model and its callers for a quarter of a minute, on a clock of its own: the same each time. */
async function simulate(traffic: readonly Traffic[], seed: number): Promise<readonly Outcome[]> {
  let nowMs = 0;
  let busy = 0;
  const calls: Event[] = [];
  /** Of jobs that run: at most as many as there are slots. */
  const ends: Event[] = [];
  const outcomes: Outcome[] = [];
  const queue = new Queue<object>({
    take: () => (busy < slots ? {} : undefined),
    slots: () => slots,
    bounds: { jobs: 256, tokens: 1e9 },
    room: new WaitingRoom({ jobs: 1024, tokens: 1e9 }),
    refusesLate: true,
    now: () => nowMs,
  });
  const call = ({ caller, priority = "interactive" }: Traffic, tokens: number): void => {
    const arrivedAt = nowMs;
    const ticket = { caller, priority, promptTokens: 0, tokens };
    const end = (): void => {
      busy -= 1;
      outcomes.push({ caller, tookMs: nowMs - arrivedAt });
      const taken = { heldMs: tokens, firstOutputMs: 1, generatedTokens: tokens };
      queue.end({ ticket, error: undefined, ...taken });
      queue.pump();
    };
    const start = (): void => {
      busy += 1;
      ends.push({ atMs: nowMs + tokens, run: end });
      ends.sort((a, b) => b.atMs - a.atMs);
    };
    queue
      .run({ ticket, start, signal: never, expiresAt: Infinity, isRetry: false })
      .catch((error: unknown) => {
        expect(ServeError.from(error).reason).toBe("QUEUE_FULL");
        outcomes.push({ caller, tookMs: undefined });
      });
  };
  for (const [index, each] of traffic.entries()) {
    const random = seededRandom(seed * 100 + index);
    for (const atMs of arrivals("poisson", each.perSecond, random)) {
      if (atMs > lastsMs) break;
      const tokens = wholeBetween(random, ...each.tokens);
      calls.push({ atMs, run: () => call(each, tokens) });
    }
  }
  calls.sort((a, b) => b.atMs - a.atMs);
  for (;;) {
    const endsFirst = (ends.at(-1)?.atMs ?? Infinity) <= (calls.at(-1)?.atMs ?? Infinity);
    const next = (endsFirst ? ends : calls).pop();
    // What still waits then is not served by anybody's turn.
    if (next === undefined || next.atMs > lastsMs) break;
    nowMs = next.atMs;
    next.run();
    // Refusals arrive as rejected promises.
    await Promise.resolve();
  }
  await Promise.resolve();
  return outcomes;
}

function p99(outcomes: readonly Outcome[], caller: string): number {
  const own = outcomes.filter((each) => each.caller === caller);
  return spread(own.flatMap(({ tookMs }) => tookMs ?? []))!.p99;
}

const served = (outcomes: readonly Outcome[], caller: string): number =>
  outcomes.filter((each) => each.caller === caller && each.tookMs !== undefined).length;

const refused = (outcomes: readonly Outcome[], caller: string): number =>
  outcomes.filter((each) => each.caller === caller && each.tookMs === undefined).length;

// Slots are enough for 16,000 tokens a second.
const quiet: Traffic = { caller: "quiet", perSecond: 10, tokens: [100, 500] };
const flood: Traffic = { caller: "flood", perSecond: 160, tokens: [100, 500] };

describe("one caller's flood, of three times what the model can do", () => {
  it.each([1, 2])(
    "leaves another's p99 within 1.5 times of what it has alone (seed %i)",
    async (seed) => {
      const alone = await simulate([quiet], seed);
      const beside = await simulate([quiet, flood], seed);
      expect(refused(beside, "quiet")).toBe(0);
      expect(refused(beside, "flood")).toBeGreaterThan(500);
      expect(p99(beside, "quiet") / p99(alone, "quiet")).toBeLessThanOrEqual(1.5);
    },
  );

  it("costs nobody a place in the queue but himself", async () => {
    const others = ["a", "b", "c"].map((caller) => ({ ...quiet, caller }));
    const outcomes = await simulate([...others, flood], 4);
    for (const { caller } of others) expect(refused(outcomes, caller)).toBe(0);
  });

  it("leaves no slot idle", async () => {
    const outcomes = await simulate([quiet, flood], 5);
    // But for the jobs that are cut off at the end.
    const calls = served(outcomes, "quiet") + served(outcomes, "flood");
    expect((calls * 300) / lastsMs / slots).toBeGreaterThan(0.9);
  });
});

it("callers who all want more than there is get the same tokens, whatever the size of their jobs", async () => {
  const small: Traffic = { caller: "small", perSecond: 150, tokens: [100, 100] };
  const large: Traffic = { caller: "large", perSecond: 30, tokens: [500, 500] };
  const outcomes = await simulate([small, large], 6);
  const ratio = (served(outcomes, "small") * 100) / (served(outcomes, "large") * 500);
  expect(ratio).toBeGreaterThan(0.9);
  expect(ratio).toBeLessThan(1.1);
});

it("batch jobs are refused and delayed before interactive ones, and still go on", async () => {
  const batch: Traffic = { ...flood, caller: "batch", priority: "batch" };
  const outcomes = await simulate([{ ...flood, perSecond: 100 }, batch], 7);
  const part = served(outcomes, "batch") / (served(outcomes, "batch") + served(outcomes, "flood"));
  expect(part).toBeGreaterThan(0.1);
  expect(part).toBeLessThan(0.2);
});
