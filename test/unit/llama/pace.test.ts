import { describe, expect, it } from "vitest";
import {
  observe,
  promptAllowance,
  scalePace,
  unknownPace,
} from "../../../src/engines/llama/pace.ts";
import type { Pace } from "../../../src/engines/llama/pace.ts";

/** A machine on which streams cost 10 ms each and a prompt token 1 ms. */
function run(pace: Pace, decoding: number, promptTokens: number): Pace {
  return observe(pace, { decoding, promptTokens, ms: decoding * 10 + promptTokens });
}

describe("the pace of prompts", () => {
  it("lets a prompt alone fill about a tenth of a second, and never exceeds the room", () => {
    const pace = run(unknownPace, 0, 50);
    expect(promptAllowance(pace, 0, 512)).toBe(100);
    expect(promptAllowance(pace, 0, 64)).toBe(64);
  });

  it("begins with a small stretch while nothing is known", () => {
    expect(promptAllowance(unknownPace, 0, 512)).toBe(16);
  });

  it("goes on with a small stretch on a slow machine", () => {
    const slow = observe(unknownPace, { decoding: 0, promptTokens: 16, ms: 3200 });
    expect(promptAllowance(slow, 0, 512)).toBe(16);
  });

  it("measures the running streams alone before a prompt joins them", () => {
    expect(promptAllowance(run(unknownPace, 0, 50), 3, 512)).toBe(0);
  });

  it.each([1, 2, 3, 8, 16])("keeps %i running streams at 0.6 of their rate", (streams) => {
    let pace = run(run(unknownPace, 0, 50), streams, 0);
    let ms = 0;
    let steps = 0;
    for (; steps < 200; steps += 1) {
      const tokens = promptAllowance(pace, streams, 512);
      ms += streams * 10 + tokens;
      pace = run(pace, streams, tokens);
    }
    expect((steps * streams * 10) / ms).toBeGreaterThan(0.6);
  });

  it("lets every prompt go on, however little the streams leave", () => {
    const pace = observe(run(unknownPace, 0, 50), { decoding: 1, promptTokens: 0, ms: 0.01 });
    const step = observe(pace, { decoding: 1, promptTokens: 3, ms: 9 });
    expect(promptAllowance(step, 1, 512)).toBeGreaterThan(0);
  });

  it("goes without a prompt now and then, to measure the streams' own time", () => {
    let pace = run(run(unknownPace, 0, 50), 3, 0);
    const allowed: number[] = [];
    for (let step = 0; step < 20; step += 1) {
      const tokens = promptAllowance(pace, 3, 512);
      allowed.push(tokens);
      pace = run(pace, 3, tokens);
    }
    expect(allowed.indexOf(0)).toBe(16);
    expect(allowed[17]).toBeGreaterThan(0);
  });

  it("takes the streams' time from the nearest number of them that it has seen", () => {
    const pace = run(run(unknownPace, 0, 50), 2, 0);
    expect(promptAllowance(pace, 3, 512)).toBe(9);
    expect(promptAllowance(pace, 1, 512)).toBe(3);
  });

  it("fills matrix kernels, which compute tokens in fours", () => {
    const pace = run(run(unknownPace, 0, 50), 3, 0);
    expect((promptAllowance(pace, 3, 512) + 3) % 4).toBe(0);
  });

  it("expects half the speed of half the threads, and measures soon", () => {
    const pace = scalePace(run(run(unknownPace, 0, 50), 3, 0), 2);
    expect(promptAllowance(pace, 0, 512)).toBe(50);
    expect(promptAllowance(pace, 3, 512)).toBe(0);
  });
});
