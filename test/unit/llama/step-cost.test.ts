import { describe, expect, it } from "vitest";
import {
  initialCostModel,
  observe,
  promptAllowance,
  promptsFirst,
  scaleCostModel,
  chunkMs,
  type StepCostModel,
  type StepContent,
} from "../../../src/engines/llama/step-cost.ts";

const share = 0.4;

/** What a step takes on a machine on which streams cost 10 ms each and a prompt token 1 ms. */
const plain = ({ decoding, promptTokens }: StepContent) => decoding * 10 + promptTokens;

/** Such a machine when it has warmed up. */
const fresh: StepCostModel = { ...initialCostModel({ oneMs: 10, tokens: 16, ms: 25 }), passMs: 0 };

function run(
  costs: StepCostModel,
  decoding: number,
  promptTokens: number,
  cost = plain,
): StepCostModel {
  const content = { decoding, promptTokens, depth: 0 };
  return observe(costs, { ...content, ms: cost(content) }, share);
}

/** The costs after this many equal steps. */
const settled = (
  costs: StepCostModel,
  decoding: number,
  promptTokens: number,
  cost = plain,
): StepCostModel =>
  Array.from({ length: 40 }).reduce<StepCostModel>(
    (now) => run(now, decoding, promptTokens, cost),
    costs,
  );

/** What a step may carry of one long prompt. */
const allowance = (
  costs: StepCostModel,
  decoding: number,
  { room = 512, depth = 0, given = share } = {},
) => promptAllowance(costs, { decoding, fresh: 0, waiting: 1, next: 5000, depth, room }, given);

/** A machine that has run some streams, and on which looking back costs nothing yet. */
const after = (streams: number) => settled({ ...fresh, lookMs: 0 }, streams, 0);

interface Course {
  /** Of the streams' rate. */
  readonly kept: number;
  readonly longestMs: number;
  readonly promptTokens: number;
}

/** Runs streams for a while beside a prompt that never ends. */
function course(streams: number, cost = plain, given = share): Course {
  const own = { decoding: streams, promptTokens: 0, depth: 0 };
  let costs = observe({ ...fresh, lookMs: 0 }, { ...own, ms: cost(own) }, given);
  let [ms, ownMs, longestMs, promptTokens] = [0, 0, 0, 0];
  for (let step = 0; step < 400; step += 1) {
    const tokens = allowance(costs, streams, { given });
    const content = { decoding: streams, promptTokens: tokens, depth: 0 };
    const took = cost(content);
    costs = observe(costs, { ...content, ms: took }, given);
    ms += took;
    ownMs += cost(own);
    longestMs = Math.max(longestMs, took);
    promptTokens += tokens;
  }
  return { kept: ownMs / ms, longestMs, promptTokens };
}

describe("what a chunk costs", () => {
  it("is a pass, its tokens, and what they look back on, three times as much in fewer than a tile", () => {
    const costs = { ...fresh, passMs: 5, tokenMs: 2, lookMs: 0.001 };
    expect(chunkMs(costs, { promptTokens: 100, depth: 1000 })).toBeCloseTo(5 + 200 + 105);
    expect(chunkMs(costs, { promptTokens: 10, depth: 1000 })).toBeCloseTo(5 + 20 + 30.15);
  });

  it("begins with what warming up took", () => {
    expect(initialCostModel({ oneMs: 20, tokens: 16, ms: 50 })).toMatchObject({
      passMs: 18,
      tokenMs: 2,
    });
    // Noise: sixteen tokens cannot take less than one.
    expect(initialCostModel({ oneMs: 64, tokens: 16, ms: 32 })).toMatchObject({ tokenMs: 0.5 });
  });

  it("is learned from chunks of all sizes and depths", () => {
    const cost = ({ promptTokens, depth }: StepContent) =>
      6 + promptTokens * (2 + (depth + promptTokens / 2) * 0.001 * (promptTokens < 65 ? 3 : 1));
    let costs = fresh;
    for (let step = 0; step < 600; step += 1) {
      const promptTokens = [8, 24, 65, 128, 256][step % 5]!;
      const content = { decoding: 0, promptTokens, depth: (step * 97) % 2000 };
      costs = observe(costs, { ...content, ms: cost(content) }, share);
    }
    for (const promptTokens of [8, 32, 65, 512]) {
      for (const depth of [0, 1000, 1900]) {
        const expected = cost({ decoding: 0, promptTokens, depth });
        const error = chunkMs(costs, { promptTokens, depth }) / expected;
        expect(Math.abs(error - 1)).toBeLessThan(0.3);
      }
    }
  });

  it("believes no single measurement", () => {
    const noisy = observe(fresh, { decoding: 0, promptTokens: 100, depth: 0, ms: 100_000 }, share);
    expect(noisy.tokenMs).toBeLessThan(1.5);
  });
});

describe("the costs of prompts alone", () => {
  it("fills about two fifths of a second, and never exceeds the room", () => {
    const costs = { ...fresh, lookMs: 0 };
    expect(allowance(costs, 0)).toBe(384);
    expect(allowance(costs, 0, { room: 64 })).toBe(64);
  });

  it("takes shorter chunks the more there is to look back on", () => {
    const costs = { ...fresh, lookMs: 0.001 };
    expect(allowance(costs, 0, { depth: 1000 })).toBe(160);
    expect(allowance(costs, 0, { depth: 4000 })).toBe(65);
  });

  it("takes a short chunk where the machine is slow, and a tile where that would waste time", () => {
    expect(allowance({ ...fresh, tokenMs: 200, lookMs: 0 }, 0)).toBe(32);
    expect(allowance({ ...fresh, tokenMs: 8, lookMs: 0.001 }, 0)).toBe(48);
    expect(allowance({ ...fresh, tokenMs: 8, lookMs: 0.001 }, 0, { depth: 4000 })).toBe(65);
  });
});

describe("the costs of prompts next to streams", () => {
  it("measures the streams alone before a prompt joins them", () => {
    expect(allowance({ ...fresh, decodeMs: new Map() }, 3)).toBe(0);
  });

  it.each([1, 2, 3, 8, 16])("leaves %i streams what the setting leaves them", (streams) => {
    for (const given of [0.1, 0.4, 0.8]) {
      const { kept, longestMs, promptTokens } = course(streams, plain, given);
      expect(kept).toBeGreaterThan(1 - given - 0.02);
      expect(longestMs).toBeLessThanOrEqual(streams * 10 * Math.max(3.6, 1.05 / (1 - given)));
      // It uses most of what it may.
      expect(promptTokens).toBeGreaterThan(((400 * 10 * streams * given) / (1 - given)) * 0.79);
    }
  });

  it("leaves them that where chunks grow dear with what they look back on, too", () => {
    const deep = { ...after(3), lookMs: 0.001 };
    expect(allowance(deep, 3)).toBe(65);
    expect(allowance(deep, 3, { depth: 3000 })).toBe(65);
    // A tile would hold up the streams for too long.
    expect(allowance(deep, 3, { depth: 6000 })).toBe(8);
  });

  it.each([
    ["where many wait for few with short prompts", { decoding: 2, waiting: 14, next: 50 }, true],
    ["but not where as many generate", { decoding: 8, waiting: 8, next: 50 }, false],
    ["but not a long one", { decoding: 2, waiting: 14, next: 5000 }, false],
  ])("goes before the streams %s", (_, demand, expected) => {
    const costs = after(2);
    expect(promptsFirst(costs, { fresh: 0, room: 512, depth: 0, ...demand })).toBe(expected);
  });

  it("goes before those who have had their first token only, since they came together", () => {
    const demand = { decoding: 12, waiting: 4, next: 50, depth: 0, room: 512 };
    expect(promptsFirst(after(12), { ...demand, fresh: 12 })).toBe(true);
    expect(promptsFirst(after(12), { ...demand, fresh: 2 })).toBe(false);
    expect(promptsFirst(after(12), { ...demand, fresh: 12, waiting: 0 })).toBe(false);
    expect(promptsFirst(after(12), { ...demand, fresh: 12, next: 5000 })).toBe(false);
  });

  it("lets a short prompt in at once, debt or not", () => {
    const costs = run(after(3), 3, 60);
    expect(allowance(costs, 3)).toBe(0);
    const short = { decoding: 3, fresh: 0, waiting: 1, next: 200, depth: 0, room: 512 };
    expect(promptAllowance(costs, short, share)).toBe(96);
  });

  it("keeps the streams' rate where the smallest chunk takes longer than two steps", () => {
    const { kept } = course(3, ({ decoding, promptTokens }) => decoding * 2 + promptTokens * 3.5);
    expect(kept).toBeGreaterThan(0.58);
  });

  it("goes on through noise: neither the streams nor the prompt starve", () => {
    let step = 0;
    const { promptTokens } = course(3, (content) => {
      step += 1;
      return plain(content) * (step % 7 === 0 ? 4 : 1) + (step % 50 === 0 ? 900 : 0);
    });
    expect(promptTokens).toBeGreaterThan(2000);
  });

  it("makes up for a chunk before the next", () => {
    let costs = after(3);
    const allowed: number[] = [];
    for (let i = 0; i < 9; i += 1) {
      allowed.push(allowance(costs, 3));
      costs = run(costs, 3, allowed.at(-1) ?? 0);
    }
    // 65 ms are made up for by 20 of each step's 30; what little is left is carried on.
    expect(allowed).toEqual([65, 0, 0, 65, 0, 0, 0, 65, 0]);
  });

  it("takes the streams' time from the nearest number of them that it has seen", () => {
    const costs = { ...after(4), decodeMs: new Map([[4, 40]]) };
    expect(allowance(costs, 5)).toBe(96);
    expect(allowance(costs, 2)).toBe(48);
  });

  it("measures the streams again after a change of threads", () => {
    const costs = scaleCostModel(after(3), 2);
    expect(allowance(costs, 0)).toBe(192);
    expect(allowance(costs, 3)).toBe(0);
  });
});
