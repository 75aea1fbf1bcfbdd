/** What a load showed: counts and spreads, from what was written down. */
import { rounded, type Spread, spread } from "../lib/statistics.ts";
import type { CallRecord, Drive } from "./drive.ts";

/** Times are in milliseconds. A spread is undefined where nothing was there to measure. */
export interface Summary {
  readonly elapsedMs: number;
  readonly calls: number;
  /** Calls that ended well by themselves. */
  readonly completed: number;
  /** Cancelled by the tool, as it was told to. */
  readonly cancelled: number;
  /** Still running when a closed loop's time was over. */
  readonly cutOff: number;
  /** Failed calls by code. */
  readonly errors: Readonly<Record<string, number>>;
  readonly callsPerSecond: number;
  /** Those that arrived in time. */
  readonly tokens: number;
  /** Of all streams together, over the whole time, prompts included. */
  readonly tokensPerSecond: number;
  /** Of each stream alone, from its first token to its last. */
  readonly streamTokensPerSecond: Spread | undefined;
  /** From when the call should have begun to its first token. */
  readonly timeToFirstTokenMs: Spread | undefined;
  /** Between one stream's messages with tokens. */
  readonly gapMs: Spread | undefined;
  /** From when the call should have begun to its end, of those that completed. */
  readonly callMs: Spread | undefined;
  /** How long the server says that calls queued. */
  readonly serverQueueMs: Spread | undefined;
  /** How late this tool was to begin calls: what is not the server's fault. */
  readonly lateMs: Spread | undefined;
  /** The server's own counts, of the calls that completed. */
  readonly completionTokens: number;
  readonly promptTokens: number;
  readonly cachedPromptTokens: number;
}

export function summarize({ calls, startMs, endMs }: Drive): Summary {
  const elapsedMs = endMs - startMs;
  const completed = calls.filter((call) => isCompleted(call));
  const tokens = sum(calls.flatMap((call) => tokensUntil(call, endMs)));
  return {
    elapsedMs: rounded(elapsedMs),
    calls: calls.length,
    completed: completed.length,
    cancelled: calls.filter(({ ended }) => ended === "cancelled").length,
    cutOff: calls.filter(({ ended }) => ended === "cut off").length,
    errors: countErrors(calls),
    callsPerSecond: rounded(completed.length / (elapsedMs / 1000)),
    tokens,
    tokensPerSecond: rounded(tokens / (elapsedMs / 1000)),
    streamTokensPerSecond: spread(calls.flatMap(streamRate)),
    timeToFirstTokenMs: spread(calls.flatMap(timeToFirstToken)),
    gapMs: spread(calls.flatMap(gaps)),
    callMs: spread(completed.map((call) => call.endMs - call.intendedMs)),
    serverQueueMs: spread(completed.flatMap(({ end }) => end.queueMs ?? [])),
    lateMs: spread(calls.map(({ sentMs, intendedMs }) => sentMs - intendedMs)),
    completionTokens: sum(completed.map(({ end }) => end.completionTokens)),
    promptTokens: sum(completed.map(({ end }) => end.promptTokens)),
    cachedPromptTokens: sum(completed.map(({ end }) => end.cachedPromptTokens)),
  };
}

/** The pauses that one stream's reader saw. */
export function gaps({ arrivals }: Pick<CallRecord, "arrivals">): readonly number[] {
  return arrivals.slice(1).map(({ atMs }, index) => atMs - (arrivals[index]?.atMs ?? atMs));
}

function isCompleted({ ended, end }: CallRecord): boolean {
  return ended === "by itself" && end.code === "OK";
}

/** Tokens after the time was over came too late to count. */
function tokensUntil({ arrivals }: CallRecord, endMs: number): readonly number[] {
  return arrivals.filter(({ atMs }) => atMs <= endMs).map(({ tokens }) => tokens);
}

function timeToFirstToken({ arrivals, intendedMs }: CallRecord): readonly number[] {
  const [first] = arrivals;
  return first === undefined ? [] : [first.atMs - intendedMs];
}

function streamRate({ arrivals }: CallRecord): readonly number[] {
  const first = arrivals[0];
  const last = arrivals.at(-1);
  if (first === undefined || last === undefined || last.atMs <= first.atMs) return [];
  const tokens = sum(arrivals.slice(1).map((arrival) => arrival.tokens));
  return [tokens / ((last.atMs - first.atMs) / 1000)];
}

function countErrors(calls: readonly CallRecord[]): Readonly<Record<string, number>> {
  const errors: Record<string, number> = {};
  for (const { ended, end } of calls) {
    if (ended !== "by itself" || end.code === "OK") continue;
    errors[end.code] = (errors[end.code] ?? 0) + 1;
  }
  return errors;
}

const sum = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0);
