import { describe, expect, it } from "vitest";
import {
  observe,
  promptAllowance,
  promptsFirst,
  scalePace,
  unknownPace,
} from "../../../src/engines/llama/pace.ts";
import type { Pace } from "../../../src/engines/llama/pace.ts";

/** What a step takes on a machine on which streams cost 10 ms each and a prompt token 1 ms. */
const plain = (decoding: number, promptTokens: number) => decoding * 10 + promptTokens;

function run(pace: Pace, decoding: number, promptTokens: number): Pace {
  return observe(pace, { decoding, waiting: 1, promptTokens, ms: plain(decoding, promptTokens) });
}

/** What a step may carry of one long prompt. */
const allowance = (pace: Pace, decoding: number, room = 512) =>
  promptAllowance(pace, { decoding, fresh: 0, waiting: 1, next: 5000, room });

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
    waiting: 1,
    promptTokens: 0,
    ms: cost(streams, 0),
  });
  let [ms, own, longestMs, promptTokens] = [0, 0, 0, 0];
  for (let step = 0; step < 400; step += 1) {
    const tokens = allowance(pace, streams);
    const took = cost(streams, tokens);
    pace = observe(pace, { decoding: streams, waiting: 1, promptTokens: tokens, ms: took });
    ms += took;
    own += cost(streams, 0);
    longestMs = Math.max(longestMs, took);
    promptTokens += tokens;
  }
  return { share: own / ms, longestMs, promptTokens };
}

describe("the pace of prompts alone", () => {
  it("fills about two fifths of a second, and never exceeds the room", () => {
    const pace = run(unknownPace, 0, 50);
    expect(allowance(pace, 0)).toBe(400);
    expect(allowance(pace, 0, 64)).toBe(64);
  });

  it("begins with a small stretch while nothing is known, or the machine is slow", () => {
    expect(allowance(unknownPace, 0)).toBe(64);
    const slow = observe(unknownPace, {
      decoding: 0,
      waiting: 1,
      promptTokens: 16,
      ms: 3200,
    });
    expect(allowance(slow, 0)).toBe(64);
  });
});

describe("the pace of prompts beside streams", () => {
  it("measures the streams alone before a prompt joins them", () => {
    expect(allowance(run(unknownPace, 0, 50), 3)).toBe(0);
  });

  it.each([1, 2, 3, 8, 16])("gives %i streams and a long prompt even shares", (streams) => {
    const { share, longestMs, promptTokens } = course(streams);
    const fair = streams / (streams + 1);
    expect(share).toBeGreaterThan(fair - 0.05);
    expect(longestMs).toBeLessThanOrEqual(streams * 10 * 2.5);
    // It uses most of what it may.
    expect(promptTokens).toBeGreaterThan(400 * 10 * 0.6);
  });

  it("takes little from few streams where many prompts wait, and keeps steps short", () => {
    const pace = after(2);
    const many = { decoding: 2, fresh: 0, waiting: 14, next: 5000, room: 512 };
    expect(promptAllowance(pace, many)).toBe(98);
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
    const pace = run(after(3), 3, 29);
    expect(allowance(pace, 3)).toBe(0);
    const short = { decoding: 3, fresh: 0, waiting: 1, next: 200, room: 512 };
    expect(promptAllowance(pace, short)).toBe(97);
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
    const tokens = allowance(pace, 3);
    pace = run(pace, 3, tokens);
    const allowed: number[] = [];
    for (let i = 0; i < 5; i += 1) {
      allowed.push(allowance(pace, 3));
      pace = run(pace, 3, allowed.at(-1) ?? 0);
    }
    expect(tokens).toBe(45);
    expect(allowed).toEqual([0, 0, 0, 0, tokens]);
  });

  it("takes the streams' time from the nearest number of them that it has seen", () => {
    const pace = after(4);
    expect(allowance(pace, 5)).toBe(59);
    expect(allowance(pace, 2)).toBe(30);
  });

  it("fills matrix kernels, which compute tokens in fours", () => {
    for (const streams of [1, 2, 3, 5]) {
      expect((allowance(after(streams), streams) + streams) % 4).toBe(0);
    }
  });

  it("measures the streams again after a change of threads", () => {
    const pace = scalePace(after(3), 2);
    expect(allowance(pace, 0)).toBe(200);
    expect(allowance(pace, 3)).toBe(0);
  });
});
