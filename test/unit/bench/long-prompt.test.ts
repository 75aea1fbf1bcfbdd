import { expect, it } from "vitest";
import { measureLongPrompt, type LongPromptResult } from "../../../bench/load/long-prompt.ts";
import { noCounts, type StreamTarget } from "../../../bench/load/target.ts";
import { VirtualClock } from "./virtual-clock.ts";

const stepMs = 10;
const prefillMs = 400;

interface Behaviour {
  /** What a step takes while the long prompt is read; a stall where it is as long as that. */
  readonly busyStepMs: number;
  /** What each token of a stream adds to its next step. */
  readonly growthMs?: number;
}

/** Streams a token a step, slower while a long prompt is being read. */
function machine(clock: VirtualClock, { busyStepMs, growthMs = 0 }: Behaviour): StreamTarget {
  let busyUntilMs = 0;
  return async ({ prompt, newTokens }, { signal, onTokens }) => {
    const tokens = prompt.kind === "tokens" ? prompt.ids.length : 0;
    if (tokens > 1000) {
      busyUntilMs = clock.now() + prefillMs;
      await clock.wait(prefillMs);
      onTokens(1);
      return { code: "OK", ...noCounts };
    }
    for (let token = 0; token < newTokens; token += 1) {
      await clock.wait((clock.now() < busyUntilMs ? busyStepMs : stepMs) + token * growthMs);
      if (signal.aborted) return { code: "CANCELLED", ...noCounts };
      onTokens(1);
    }
    return { code: "OK", ...noCounts };
  };
}

function measured(behaviour: Behaviour, repeats = 2): Promise<LongPromptResult> {
  const clock = new VirtualClock();
  return clock.run(
    measureLongPrompt(machine(clock, behaviour), {
      streams: 3,
      promptTokens: 2000,
      undisturbedTokens: 20,
      repeats,
      clock,
    }),
  );
}

it("finds nothing where a long prompt disturbs nobody", async () => {
  const { rateKept, gapGrowth, undisturbed } = await measured({ busyStepMs: stepMs });
  expect(rateKept).toBeCloseTo(1, 1);
  expect(gapGrowth).toBe(1);
  expect(undisturbed.tokensPerSecondOfStream).toBe(100);
});

it("does not blame a prompt for what a stream's own growth costs", async () => {
  const { rateKept } = await measured({ busyStepMs: stepMs, growthMs: 0.5 });
  expect(rateKept).toBeCloseTo(1, 1);
});

it("finds the rate that is left where steps become slower", async () => {
  const { rateKept, gapGrowth } = await measured({ busyStepMs: 20 });
  expect(rateKept).toBeCloseTo(0.5, 1);
  expect(gapGrowth).toBe(2);
});

it("counts a stall whole, though it ends only after the prompt was read", async () => {
  const { rateKept, disturbed } = await measured({ busyStepMs: prefillMs + 100 });
  expect(rateKept).toBeLessThan(0.05);
  expect(disturbed.gapMs?.max).toBe(prefillMs + 100);
});

it("fails where a stream ends while it should run", async () => {
  const clock = new VirtualClock();
  const refusing: StreamTarget = async () => {
    await clock.wait(1);
    return { code: "RESOURCE_EXHAUSTED", ...noCounts };
  };
  const work = measureLongPrompt(refusing, {
    streams: 1,
    promptTokens: 2000,
    undisturbedTokens: 1,
    repeats: 1,
    clock,
  });
  await expect(clock.run(work)).rejects.toThrow("RESOURCE_EXHAUSTED");
});

it("has other prompts for another seed, and no figure where a cache answers for one", async () => {
  const clock = new VirtualClock();
  const plain = machine(clock, { busyStepMs: stepMs });
  const read = new Set<string>();
  const remembering: StreamTarget = async (request, reader) => {
    const key = JSON.stringify(request.prompt);
    const tokens = request.prompt.kind === "tokens" ? request.prompt.ids.length : 0;
    const cachedPromptTokens = tokens > 1000 && read.has(key) ? tokens - 1 : 0;
    read.add(key);
    return { ...(await plain(request, reader)), cachedPromptTokens };
  };
  const options = { streams: 1, promptTokens: 2000, undisturbedTokens: 5, repeats: 2, clock };
  const run = (seed: number) => clock.run(measureLongPrompt(remembering, { ...options, seed }));
  await run(1);
  expect((await run(2)).longPromptFirstTokenMs?.p50).toBe(prefillMs);
  await expect(run(1)).rejects.toThrow("cache");
});
