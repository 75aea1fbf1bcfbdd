/**
 * Quotas of one caller: pure decisions over token buckets, with the time passed in. In any period, no more can start
 * than a limit plus its refill.
 *
 * Tokens are reserved by an estimate before a model computes them, and settled afterwards.
 */
import { type TokenBucket, fill, take, waitMs } from "../base/token-bucket.ts";

/** Limits. Undefined means none. */
export interface Quota {
  readonly requestsPerMinute?: number | undefined;
  readonly concurrentCalls?: number | undefined;
  readonly tokensPerMinute?: number | undefined;
  readonly tokensPerDay?: number | undefined;
}

export const quotaKeys = [
  "requestsPerMinute",
  "concurrentCalls",
  "tokensPerMinute",
  "tokensPerDay",
] as const satisfies readonly (keyof Quota)[];

/** Usage of a caller. */
export interface Usage {
  readonly openCalls: number;
  readonly requests?: TokenBucket | undefined;
  readonly minute?: TokenBucket | undefined;
  readonly day?: TokenBucket | undefined;
}

export type Decision =
  | { readonly kind: "taken"; readonly usage: Usage }
  | {
      readonly kind: "refused";
      /** The exhausted limit. */
      readonly limit: keyof Quota;
      readonly retryAfterMs: number;
    };

export const unused: Usage = { openCalls: 0 };

const minuteMs = 60_000;
const dayMs = 86_400_000;
// Calls end at unknown times.
const callRetryMs = 1000;

/** Admits one more call, or returns the limit that forbids it. */
export function beginCall(usage: Usage, quota: Quota, nowMs: number): Decision {
  const { concurrentCalls = Infinity, requestsPerMinute: limit } = quota;
  if (usage.openCalls >= concurrentCalls) {
    return { kind: "refused", limit: "concurrentCalls", retryAfterMs: callRetryMs };
  }
  const size = { limit, periodMs: minuteMs };
  const requests = fill(usage.requests, size, nowMs);
  const retryAfterMs = waitMs(requests, size, 1);
  if (retryAfterMs > 0) return { kind: "refused", limit: "requestsPerMinute", retryAfterMs };
  const openCalls = usage.openCalls + 1;
  return { kind: "taken", usage: { ...usage, openCalls, requests: take(requests, 1) } };
}

export function endCall(usage: Usage): Usage {
  return { ...usage, openCalls: usage.openCalls - 1 };
}

/** Takes tokens from the minute's and the day's bucket, or from neither. */
export function reserve(usage: Usage, quota: Quota, { tokens, nowMs }: Amount): Decision {
  const { minute, day } = tokensAt(usage, quota, nowMs);
  const minuteWaitMs = waitMs(minute, perMinute(quota), tokens);
  const dayWaitMs = waitMs(day, perDay(quota), tokens);
  const retryAfterMs = Math.max(minuteWaitMs, dayWaitMs);
  if (retryAfterMs > 0) {
    const limit = dayWaitMs > minuteWaitMs ? "tokensPerDay" : "tokensPerMinute";
    return { kind: "refused", limit, retryAfterMs };
  }
  return {
    kind: "taken",
    usage: { ...usage, minute: take(minute, tokens), day: take(day, tokens) },
  };
}

/** Takes the tokens used beyond those reserved; negative if fewer were used. */
export function settle(usage: Usage, quota: Quota, { tokens, nowMs }: Amount): Usage {
  const { minute, day } = tokensAt(usage, quota, nowMs);
  return { ...usage, minute: take(minute, tokens), day: take(day, tokens) };
}

export interface Amount {
  readonly tokens: number;
  readonly nowMs: number;
}

/** Whether this usage can be forgotten without giving its caller anything. */
export function isForgettable(usage: Usage, quota: Quota, nowMs: number): boolean {
  const { minute, day } = tokensAt(usage, quota, nowMs);
  const size = { limit: quota.requestsPerMinute, periodMs: minuteMs };
  const requests = fill(usage.requests, size, nowMs);
  return (
    usage.openCalls === 0 &&
    waitMs(requests, size, Infinity) === 0 &&
    waitMs(minute, perMinute(quota), Infinity) === 0 &&
    waitMs(day, perDay(quota), Infinity) === 0
  );
}

const perMinute = ({ tokensPerMinute: limit }: Quota) => ({ limit, periodMs: minuteMs });
const perDay = ({ tokensPerDay: limit }: Quota) => ({ limit, periodMs: dayMs });

function tokensAt(usage: Usage, quota: Quota, nowMs: number): Pick<Usage, "minute" | "day"> {
  return {
    minute: fill(usage.minute, perMinute(quota), nowMs),
    day: fill(usage.day, perDay(quota), nowMs),
  };
}
