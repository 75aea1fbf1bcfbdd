import { describe, expect, it } from "vitest";
import {
  observe,
  promptAllowance,
  promptsFirst,
  scalePace,
  tokenMsOf,
  unknownPace,
} from "../../../src/engines/llama/pace.ts";
import type { Pace } from "../../../src/engines/llama/pace.ts";

const share = 0.4;

/** What a step takes on a machine on which streams cost 10 ms each and a prompt token 1 ms. */
const plain = (decoding: number, promptTokens: number) => decoding * 10 + promptTokens;

function run(pace: Pace, decoding: number, promptTokens: number): Pace {
  return observe(pace, { decoding, promptTokens, ms: plain(decoding, promptTokens) }, share);
}

/** What a step may carry of one long prompt. */
const allowance = (pace: Pace, decoding: number, room = 512, given = share) =>
  promptAllowance(pace, { decoding, fresh: 0, waiting: 1, next: 5000, room }, given);

/** A machine that has read a prompt alone and run some streams. */
const after = (streams: number) => run(run(unknownPace, 0, 50), streams, 0);

interface Course {
  /** Of the streams' rate. */
  readonly kept: number;
  readonly longestMs: number;
  readonly promptTokens: number;
}

/** Runs streams for a while beside a prompt that never ends. */
function course(streams: number, cost = plain, given = share): Course {
  const own = { decoding: streams, promptTokens: 0, ms: cost(streams, 0) };
  let pace = observe(run(unknownPace, 0, 50), own, given);
  let [ms, ownMs, longestMs, promptTokens] = [0, 0, 0, 0];
  for (let step = 0; step < 400; step += 1) {
    const tokens = allowance(pace, streams, 512, given);
    const took = cost(streams, tokens);
    pace = observe(pace, { decoding: streams, promptTokens: tokens, ms: took }, given);
    ms += took;
    ownMs += cost(streams, 0);
    longestMs = Math.max(longestMs, took);
    promptTokens += tokens;
  }
  return { kept: ownMs / ms, longestMs, promptTokens };
}

describe("the pace of prompts alone", () => {
  it("fills about two fifths of a second, and never exceeds the room", () => {
    const pace = run(run(unknownPace, 0, 256), 0, 384);
    expect(allowance(pace, 0)).toBe(384);
    expect(allowance(pace, 0, 64)).toBe(64);
  });

  it("begins with a small stretch while nothing is known, or the machine is slow", () => {
    expect(allowance(unknownPace, 0)).toBe(32);
    const slow = observe(unknownPace, { decoding: 0, promptTokens: 16, ms: 3200 }, share);
    expect(allowance(slow, 0)).toBe(32);
  });

  it("tries longer stretches, and goes back where they cost more", () => {
    // On this machine a token of a long stretch costs three times as much.
    const cost = (tokens: number) => tokens * (tokens >= 96 ? 12 : 4);
    let pace = observe(unknownPace, { decoding: 0, promptTokens: 16, ms: cost(16) }, share);
    const tried: number[] = [];
    for (let step = 0; step < 20; step += 1) {
      const tokens = allowance(pace, 0);
      tried.push(tokens);
      pace = observe(pace, { decoding: 0, promptTokens: tokens, ms: cost(tokens) }, share);
    }
    expect(Math.max(...tried)).toBeGreaterThanOrEqual(96);
    expect(tried.at(-1)).toBe(80);
  });
});

describe("the pace of prompts beside streams", () => {
  it("measures the streams alone before a prompt joins them", () => {
    expect(allowance(run(unknownPace, 0, 50), 3)).toBe(0);
  });

  it.each([1, 2, 3, 8, 16])("leaves %i streams what the setting leaves them", (streams) => {
    for (const given of [0.1, 0.4, 0.8]) {
      const { kept, longestMs, promptTokens } = course(streams, plain, given);
      expect(kept).toBeGreaterThan(1 - given - 0.02);
      expect(longestMs).toBeLessThanOrEqual(streams * 10 * Math.max(3.7, 1.15 / (1 - given)));
      // It uses most of what it may.
      expect(promptTokens).toBeGreaterThan(((400 * 10 * streams * given) / (1 - given)) * 0.79);
    }
  });

  it.each([
    ["where many wait for few with short prompts", { decoding: 2, waiting: 14, next: 50 }, true],
    ["but not where as many generate", { decoding: 8, waiting: 8, next: 50 }, false],
    ["but not a long one", { decoding: 2, waiting: 14, next: 5000 }, false],
  ])("goes before the streams %s", (_, demand, expected) => {
    const pace = after(2);
    expect(promptsFirst(pace, { fresh: 0, room: 512, ...demand })).toBe(expected);
  });

  it("goes before those who have had their first token only, since they came together", () => {
    const demand = { decoding: 12, waiting: 4, next: 50, room: 512 };
    expect(promptsFirst(after(12), { ...demand, fresh: 12 })).toBe(true);
    expect(promptsFirst(after(12), { ...demand, fresh: 2 })).toBe(false);
    expect(promptsFirst(after(12), { ...demand, fresh: 12, waiting: 0 })).toBe(false);
    expect(promptsFirst(after(12), { ...demand, fresh: 12, next: 5000 })).toBe(false);
  });

  it("lets a short prompt in at once, debt or not", () => {
    const pace = run(after(3), 3, 60);
    expect(allowance(pace, 3)).toBe(0);
    const short = { decoding: 3, fresh: 0, waiting: 1, next: 200, room: 512 };
    expect(promptAllowance(pace, short, share)).toBe(96);
  });

  it("keeps the streams' rate where the smallest stretch takes longer than two steps", () => {
    const { kept } = course(3, (streams, tokens) => streams * 2 + tokens * 3.5);
    expect(kept).toBeGreaterThan(0.58);
  });

  it("goes on through noise: neither the streams nor the prompt starve", () => {
    let step = 0;
    const noisy = (streams: number, tokens: number) => {
      step += 1;
      return plain(streams, tokens) * (step % 7 === 0 ? 4 : 1) + (step % 50 === 0 ? 900 : 0);
    };
    const { promptTokens } = course(3, noisy);
    expect(promptTokens).toBeGreaterThan(2000);
  });

  it("makes up for a stretch before the next", () => {
    let pace = after(3);
    const allowed: number[] = [];
    for (let i = 0; i < 9; i += 1) {
      allowed.push(allowance(pace, 3));
      pace = run(pace, 3, allowed.at(-1) ?? 0);
    }
    // What is added, 80 ms and then 64, is made up for by 20 ms of each step.
    expect(allowed).toEqual([80, 0, 0, 0, 64, 0, 0, 64, 0]);
  });

  it("takes the streams' time from the nearest number of them that it has seen", () => {
    const pace = after(4);
    expect(allowance(pace, 5)).toBe(96);
    expect(allowance(pace, 2)).toBe(48);
  });

  it("measures the streams again after a change of threads", () => {
    const pace = scalePace(after(3), 2);
    expect(allowance(pace, 0)).toBe(192);
    expect(allowance(pace, 3)).toBe(0);
  });
});

it("believes that long stretches cost less a token and short ones more, until it has measured them", () => {
  const pace = run(unknownPace, 0, 100);
  expect(tokenMsOf(pace, 100)).toBe(1);
  expect(tokenMsOf(pace, 500)).toBe(0.9);
  expect(tokenMsOf(pace, 8)).toBe(1.15);
  expect(tokenMsOf(unknownPace, 8)).toBeUndefined();
});
