import { describe, expect, it } from "vitest";
import { spread } from "../../../bench/lib/statistics.ts";
import { seededRandom, wholeBetween } from "../../../bench/lib/random.ts";
import { arrivals } from "../../../bench/load/arrivals.ts";
import { ServeError } from "../../../src/base/errors.ts";
import type { Priority } from "../../../src/base/priority.ts";
import { Queue } from "../../../src/scheduling/queue.ts";
import { GlobalLimit } from "../../../src/scheduling/global-limit.ts";
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

/** A job that was given a slot, and how many of each caller waited until then. */
interface Start {
  readonly caller: string;
  readonly tokens: number;
  readonly waiting: ReadonlyMap<string, number>;
}

interface History {
  readonly outcomes: readonly Outcome[];
  readonly starts: readonly Start[];
  /** Moments at which a slot was free and somebody waited. */
  readonly idleMoments: number;
}

interface Event {
  readonly atMs: number;
  readonly run: () => void;
}

const slots = 16;
const lastsMs = 15_000;

/** When each call comes, and with how many tokens. */
function* arrivalsOf(traffic: readonly Traffic[], seed: number) {
  for (const [index, each] of traffic.entries()) {
    const random = seededRandom(seed * 100 + index);
    for (const atMs of arrivals("poisson", each.perSecond, random)) {
      if (atMs > lastsMs) break;
      yield { atMs, traffic: each, tokens: wholeBetween(random, ...each.tokens) };
    }
  }
}

/** A model and its callers for a quarter of a minute, on a clock of its own: the same each time. */
async function simulate(traffic: readonly Traffic[], seed: number): Promise<History> {
  let nowMs = 0;
  let busy = 0;
  let idleMoments = 0;
  const waiting = new Map<string, number>();
  const starts: Start[] = [];
  const calls: Event[] = [];
  /** Of jobs that run: at most as many as there are slots. */
  const ends: Event[] = [];
  const outcomes: Outcome[] = [];
  const queue = new Queue<object>({
    take: () => (busy < slots ? {} : undefined),
    slots: () => slots,
    bounds: { jobs: 256, tokens: 1e9 },
    globalLimit: new GlobalLimit({ jobs: 1024, tokens: 1e9 }),
    refusesLate: true,
    now: () => nowMs,
  });
  const call = ({ caller, priority = "interactive" }: Traffic, tokens: number): void => {
    const arrivedAt = nowMs;
    const wait = (change: number): void =>
      void waiting.set(caller, (waiting.get(caller) ?? 0) + change);
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
      starts.push({ caller, tokens, waiting: new Map(waiting) });
      wait(-1);
      ends.push({ atMs: nowMs + tokens, run: end });
      ends.sort((a, b) => b.atMs - a.atMs);
    };
    wait(1);
    queue
      .run({ ticket, start, signal: never, expiresAt: Infinity, isRetry: false })
      .catch((error: unknown) => {
        expect(ServeError.from(error).reason).toBe("QUEUE_FULL");
        outcomes.push({ caller, tookMs: undefined });
        wait(-1);
      });
  };
  for (const { atMs, traffic: each, tokens } of arrivalsOf(traffic, seed)) {
    calls.push({ atMs, run: () => call(each, tokens) });
  }
  calls.sort((a, b) => b.atMs - a.atMs);
  for (;;) {
    const endsFirst = (ends.at(-1)?.atMs ?? Infinity) <= (calls.at(-1)?.atMs ?? Infinity);
    const next = (endsFirst ? ends : calls).pop();
    // What still waits then is not served by anybody's turn.
    if (next === undefined || next.atMs > lastsMs) break;
    nowMs = next.atMs;
    next.run();
    if (busy < slots && queue.state.waiting > 0) idleMoments += 1;
    // Refusals arrive as rejected promises.
    await Promise.resolve();
  }
  await Promise.resolve();
  return { outcomes, starts, idleMoments };
}

function p99({ outcomes }: History, caller: string): number {
  const own = outcomes.filter((each) => each.caller === caller);
  return spread(own.flatMap(({ tookMs }) => tookMs ?? []))!.p99;
}

const served = ({ outcomes }: History, caller: string): number =>
  outcomes.filter((each) => each.caller === caller && each.tookMs !== undefined).length;

const refused = ({ outcomes }: History, caller: string): number =>
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
    const history = await simulate([...others, flood], 4);
    for (const { caller } of others) expect(refused(history, caller)).toBe(0);
  });

  // Slots are enough for 53 calls a second: then the queue fills and empties again.
  it.each([160, 43])(
    "leaves no slot idle while anybody waits (%i calls a second)",
    async (perSecond) => {
      const { idleMoments, starts } = await simulate([quiet, { ...flood, perSecond }], 5);
      expect(starts.length).toBeGreaterThan(500);
      expect(idleMoments).toBe(0);
    },
  );
});

const bothWait = (waiting: ReadonlyMap<string, number>): boolean =>
  waiting.size === 2 && ![...waiting.values()].includes(0);

/** The most that one of two callers was given beyond the other, in any time in which both waited. */
function greatestLead({ starts }: History, one: string): number {
  let given = 0;
  let [least, most, greatest] = [0, 0, 0];
  for (const { caller, tokens, waiting } of starts) {
    if (!bothWait(waiting)) given = least = most = 0;
    else given += caller === one ? tokens : -tokens;
    [least, most] = [Math.min(least, given), Math.max(most, given)];
    greatest = Math.max(greatest, most - least);
  }
  return greatest;
}

describe("callers who all want more than there is", () => {
  // What they are given counts from a job's start: of jobs that run when the simulation ends, those of
  // 500 tokens would lack up to 16 × 500, which is more than a twentieth of all that is done.
  it.each([6, 7, 8])(
    "are never a job of each apart in tokens, whatever the size of their jobs (seed %i)",
    async (seed) => {
      const small: Traffic = { caller: "small", perSecond: 150, tokens: [100, 100] };
      const large: Traffic = { caller: "large", perSecond: 30, tokens: [500, 500] };
      const history = await simulate([small, large], seed);
      expect(history.starts.filter(({ waiting }) => bothWait(waiting)).length).toBeGreaterThan(500);
      // The bound of start-time fair queueing for the two: the largest job of the one and of the other.
      expect(greatestLead(history, "small")).toBeLessThanOrEqual(100 + 500);
    },
  );
});

it("batch jobs are refused and delayed before interactive ones, and still go on", async () => {
  const batch: Traffic = { ...flood, caller: "batch", priority: "batch" };
  const history = await simulate([{ ...flood, perSecond: 100 }, batch], 7);
  const part = served(history, "batch") / (served(history, "batch") + served(history, "flood"));
  expect(part).toBeGreaterThan(0.1);
  expect(part).toBeLessThan(0.2);
});
