import { describe, expect, it } from "vitest";
import {
  observe,
  promptAllowance,
  scalePace,
  unknownPace,
} from "../../../src/engines/llama/pace.ts";
import type { Pace } from "../../../src/engines/llama/pace.ts";

/** What a step takes on a machine on which streams cost 10 ms each and a prompt token 1 ms. */
const plain = (decoding: number, promptTokens: number) => decoding * 10 + promptTokens;

function run(pace: Pace, decoding: number, promptTokens: number): Pace {
  return observe(pace, { decoding, promptTokens, ms: plain(decoding, promptTokens) });
}

/** A machine that has read a prompt alone and run some streams. */
const after = (streams: number) => run(run(unknownPace, 0, 50), streams, 0);

interface Course {
  readonly share: number;
  readonly longestMs: number;
  readonly promptTokens: number;
}

/** Runs streams for a while beside a prompt that never ends. */
function course(streams: number, cost = plain): Course {
  let pace = observe(run(unknownPace, 0, 50), {
    decoding: streams,
    promptTokens: 0,
    ms: cost(streams, 0),
  });
  let [ms, own, longestMs, promptTokens] = [0, 0, 0, 0];
  for (let step = 0; step < 400; step += 1) {
    const tokens = promptAllowance(pace, streams, 512);
    const took = cost(streams, tokens);
    pace = observe(pace, { decoding: streams, promptTokens: tokens, ms: took });
    ms += took;
    own += cost(streams, 0);
    longestMs = Math.max(longestMs, took);
    promptTokens += tokens;
  }
  return { share: own / ms, longestMs, promptTokens };
}

describe("the pace of prompts alone", () => {
  it("fills about a tenth of a second, and never exceeds the room", () => {
    const pace = run(unknownPace, 0, 50);
    expect(promptAllowance(pace, 0, 512)).toBe(100);
    expect(promptAllowance(pace, 0, 64)).toBe(64);
  });

  it("begins with a small stretch while nothing is known, or the machine is slow", () => {
    expect(promptAllowance(unknownPace, 0, 512)).toBe(16);
    const slow = observe(unknownPace, { decoding: 0, promptTokens: 16, ms: 3200 });
    expect(promptAllowance(slow, 0, 512)).toBe(16);
  });
});

describe("the pace of prompts beside streams", () => {
  it("measures the streams alone before a prompt joins them", () => {
    expect(promptAllowance(run(unknownPace, 0, 50), 3, 512)).toBe(0);
  });

  it.each([1, 2, 3, 8, 16])("keeps %i streams at three quarters of their rate", (streams) => {
    const { share, longestMs, promptTokens } = course(streams);
    expect(share).toBeGreaterThan(0.74);
    expect(longestMs).toBeLessThanOrEqual(streams * 10 * 2);
    // It uses most of what it may: a third of the streams' time.
    expect(promptTokens).toBeGreaterThan(400 * streams * 10 * 0.25);
  });

  it("keeps the streams' rate where the smallest stretch takes longer than a step", () => {
    const { share } = course(3, (streams, tokens) => streams * 6 + tokens * 3.5);
    expect(share).toBeGreaterThan(0.65);
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
    const tokens = promptAllowance(pace, 3, 512);
    pace = run(pace, 3, tokens);
    const allowed: number[] = [];
    for (let i = 0; i < 3; i += 1) {
      allowed.push(promptAllowance(pace, 3, 512));
      pace = run(pace, 3, allowed.at(-1) ?? 0);
    }
    expect(tokens).toBe(29);
    expect(allowed).toEqual([0, 0, tokens]);
  });

  it("takes the streams' time from the nearest number of them that it has seen", () => {
    const pace = after(4);
    expect(promptAllowance(pace, 5, 512)).toBe(39);
    expect(promptAllowance(pace, 2, 512)).toBe(18);
  });

  it("fills matrix kernels, which compute tokens in fours", () => {
    for (const streams of [1, 2, 3, 5]) {
      expect((promptAllowance(after(streams), streams, 512) + streams) % 4).toBe(0);
    }
  });

  it("measures the streams again after a change of threads", () => {
    const pace = scalePace(after(3), 2);
    expect(promptAllowance(pace, 0, 512)).toBe(50);
    expect(promptAllowance(pace, 3, 512)).toBe(0);
  });
});
