import { expect, it } from "vitest";
import { measurePrompts, type PromptsResult, repeated } from "../../../bench/load/prompts.ts";
import { noCounts, type StreamTarget } from "../../../bench/load/target.ts";
import {
  promptsClaims,
  promptsPeersClaims,
  promptsTables,
} from "../../../bench/scenarios/prompts-report.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** What reading one token takes, and generating one. */
const readMs = 1;
const stepMs = 10;

interface Behaviour {
  /** Whether a prompt of 50 tokens goes before the long ones that are being read. */
  readonly letsShortPass?: boolean;
  readonly remembers?: boolean;
  readonly fails?: boolean;
}

/** Reads one prompt after the other, in the order of their coming. */
function machine(clock: VirtualClock, behaviour: Behaviour = {}): StreamTarget {
  let freeAtMs = 0;
  return async ({ prompt, newTokens }, { signal, onTokens }) => {
    const tokens = prompt.kind === "tokens" ? prompt.ids.length : 0;
    if (behaviour.fails === true) return { code: "RESOURCE_EXHAUSTED", ...noCounts };
    const passes = tokens === 50 && behaviour.letsShortPass === true;
    const beginMs = passes ? clock.now() : Math.max(clock.now(), freeAtMs);
    if (!passes) freeAtMs = beginMs + tokens * readMs;
    await clock.until(beginMs + tokens * readMs);
    // What was cancelled is not read.
    if (signal.aborted) {
      freeAtMs = clock.now();
      return { code: "CANCELLED", ...noCounts };
    }
    onTokens(1);
    for (let token = 1; token < newTokens; token += 1) {
      await clock.wait(stepMs);
      onTokens(1);
    }
    const cachedPromptTokens = behaviour.remembers === true ? tokens - 1 : 0;
    return { code: "OK", promptTokens: tokens, cachedPromptTokens, completionTokens: newTokens };
  };
}

function measured(behaviour?: Behaviour): Promise<PromptsResult> {
  const clock = new VirtualClock();
  return clock.run(
    measurePrompts(machine(clock, behaviour), {
      longTokens: 1900,
      shortTokens: 50,
      alone: 2,
      together: 5,
      mixAlone: [50, 1900],
      mixTogether: [...repeated(50, 4), ...repeated(1900, 4)],
      arrivals: 1,
      answerTokens: 11,
      seed: 1,
      clock,
    }),
  );
}

it("counts prompt tokens over the whole time, answers included", async () => {
  const { alone } = await measured();
  expect(alone.promptTokensPerSecond).toBe(950);
  const call = { tokens: 1900, firstTokenMs: 1900, totalMs: 2000 };
  expect(alone.calls).toEqual([call, call]);
});

it("keeps four callers waiting for each other where prompts are read in turn", async () => {
  const { together } = await measured();
  const firsts = together.calls.map(({ firstTokenMs }) => firstTokenMs);
  // The fifth came when the first had been answered, a hundred milliseconds after it was read.
  expect(firsts).toEqual([1900, 3800, 5700, 7600, 7500]);
});

it("reads as many mixed prompts of each length as it was told, in an order of its own", async () => {
  const { mixTogether } = await measured();
  const lengths = mixTogether.calls.map(({ tokens }) => tokens);
  expect(lengths.toSorted((a, b) => a - b)).toEqual([...repeated(50, 4), ...repeated(1900, 4)]);
  expect(lengths).not.toEqual(lengths.toSorted((a, b) => a - b));
});

it("tells a short prompt that waits behind four long ones from one that does not", async () => {
  const [waits] = (await measured()).arrivals;
  // A quarter of a long one's time was over when it came.
  expect(waits).toEqual({ aloneMs: 50, firstTokenMs: 4 * 1900 - 475 + 50, before: 4 });
  const [passes] = (await measured({ letsShortPass: true })).arrivals;
  expect(passes).toEqual({ aloneMs: 50, firstTokenMs: 50, before: 0 });
});

it("has no figure where a cache answers or a call fails", async () => {
  await expect(measured({ remembers: true })).rejects.toThrow("cache");
  await expect(measured({ fails: true })).rejects.toThrow("RESOURCE_EXHAUSTED");
});

/** All times and rates of one turn. */
function result(firstTokenMs: number, promptTokensPerSecond: number): PromptsResult {
  const calls = [50, 1900].map((tokens) => {
    return { tokens, firstTokenMs, totalMs: 2 * firstTokenMs };
  });
  const reading = { promptTokensPerSecond, calls };
  const arrivals = [{ aloneMs: 1, firstTokenMs, before: 0 }];
  return { alone: reading, together: reading, mixAlone: reading, mixTogether: reading, arrivals };
}

it("puts inferd over llama-server turn by turn", () => {
  const inferd = [result(100, 190), result(300, 380)];
  const server = [result(100, 200), result(200, 200)];
  const values = promptsPeersClaims(inferd, server).map(({ value }) => value);
  expect(values).toEqual([1.25, 1.425, 1.25, 1.25, 1.25, 1.25]);
});

it("holds a short prompt's wait against a long one's own time", () => {
  expect(promptsClaims([result(100, 190)]).at(-1)).toMatchObject({ value: 1 });
});

it("gives each length of a load its own row, with the calls of all turns", () => {
  const [readings] = promptsTables({ inferd: [result(100, 190), result(300, 380)] });
  expect(readings?.rows.slice(0, 2)).toEqual([
    ["long", 1, "inferd", 285, 50, 2, 100, 300, 300, 200, 600],
    ["long", 1, "inferd", "", 1900, 2, 100, 300, 300, 200, 600],
  ]);
});
