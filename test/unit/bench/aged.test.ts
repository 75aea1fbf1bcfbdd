import { expect, it } from "vitest";
import type { LongPromptResult } from "../../../bench/load/long-prompt.ts";
import { holds } from "../../../bench/lib/scenario.ts";
import { agedPeersClaims } from "../../../bench/peers/aged.ts";
import { longPromptPeersClaims } from "../../../bench/peers/long-prompt.ts";
import { type Aged, agedClaims, agedLongPromptClaims } from "../../../bench/scenarios/aged.ts";

function longPrompt(firstTokenMs: number): LongPromptResult {
  const phase = { tokensPerSecondOfStream: 1, gapMs: undefined };
  const all = { count: 1, mean: 0, p50: firstTokenMs, p95: 0, p99: 0, max: 0 };
  return {
    ...{ undisturbed: phase, disturbed: phase, rateKept: 0.7, gapGrowth: 2 },
    longPromptFirstTokenMs: all,
  };
}

/** A server whose rate for so many streams is that many times these, and its long prompt's first tokens. */
function server(fresh: number, aged: number, firstMs: readonly [number, number]): Aged {
  const waves = (rate: number) =>
    [1, 4, 16].map((streams) => {
      const spent = { firstTokenMs: 1, gapP99Ms: 1, clientCpuPercent: 1 };
      return { streams, tokensPerSecond: rate * streams, ...spent };
    });
  return {
    fresh: { waves: waves(fresh), longPrompt: longPrompt(firstMs[0]) },
    aged: { waves: waves(aged), longPrompt: longPrompt(firstMs[1]) },
  };
}

it("holds the aged rate against the same server's fresh one, at each number of streams", () => {
  const claims = agedClaims(server(100, 96, [1, 1]));
  expect(claims.map(({ value }) => value)).toEqual([0.96, 0.96, 0.96]);
  expect(claims.map(holds)).toEqual([false, false, false]);
  expect(agedClaims(server(100, 97, [1, 1])).map(holds)).toEqual([true, true, true]);
});

it("aims at nothing for another server", () => {
  expect(agedClaims(server(100, 50, [1, 1]), "llama-server").map(holds)).toEqual(
    Array(3).fill(undefined),
  );
});

it("puts inferd's aged figures over llama-server's aged ones", () => {
  const [inferd, peer] = [server(100, 80, [10, 30]), server(50, 40, [5, 10])];
  expect(agedPeersClaims(inferd, peer).map(({ value }) => value)).toEqual([2, 2, 2]);
  const [first] = longPromptPeersClaims(inferd.aged.longPrompt, peer.aged.longPrompt);
  expect(first).toMatchObject({ value: 3, aim: { relation: "≤", value: 3 } });
});

it("tells a long prompt's own first token, aged, and what it was fresh", () => {
  const values = agedLongPromptClaims(server(1, 1, [10, 30])).map(({ value }) => value);
  expect(values).toEqual([0.7, 2, 30, 3]);
});
