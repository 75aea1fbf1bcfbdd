import { expect, it } from "vitest";
import type { CallRecord } from "../../../bench/load/drive.ts";
import { summarize } from "../../../bench/load/summary.ts";

const call: CallRecord = {
  intendedMs: 0,
  sentMs: 1,
  endMs: 60,
  arrivals: [
    { atMs: 10, tokens: 1 },
    { atMs: 20, tokens: 3 },
    { atMs: 50, tokens: 1 },
  ],
  ended: "by itself",
  end: {
    code: "OK",
    promptTokens: 7,
    cachedPromptTokens: 0,
    completionTokens: 5,
    queueMs: 2,
  },
};

it("counts tokens, gaps between messages, and a stream's rate from its first token on", () => {
  expect(summarize({ startMs: 0, endMs: 100, calls: [call] })).toMatchObject({
    elapsedMs: 100,
    tokens: 5,
    tokensPerSecond: 50,
    streamTokensPerSecond: { p50: 100 },
    timeToFirstTokenMs: { p50: 10 },
    gapMs: { count: 2, p50: 10, max: 30 },
    callMs: { p50: 60 },
    lateMs: { p50: 1 },
    serverQueueMs: { p50: 2 },
    promptTokens: 7,
    completionTokens: 5,
  });
});

it("leaves out tokens that came after the time was over", () => {
  expect(summarize({ startMs: 0, endMs: 30, calls: [call] }).tokens).toBe(4);
});

it("makes up no figure where there were no calls", () => {
  expect(summarize({ startMs: 0, endMs: 30, calls: [] })).toMatchObject({
    calls: 0,
    tokens: 0,
    timeToFirstTokenMs: undefined,
    streamTokensPerSecond: undefined,
  });
});
