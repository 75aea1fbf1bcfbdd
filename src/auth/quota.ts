/**
 * How much one caller may use: a pure decision over buckets, with the time passed in. Over any stretch
 * of time no more begins than a limit plus what that stretch fills of it.
 *
 * Tokens are reserved by an estimate before a model computes them, and settled by what was computed.
 */
import { type TokenBucket, fill, take, waitMs } from "../base/token-bucket.ts";

/** Limits, each undefined for none. */
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

/** What a caller has used. */
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
      /** The limit that is used up. */
      readonly limit: keyof Quota;
      readonly retryAfterMs: number;
    };

export const unused: Usage = { openCalls: 0 };

const minuteMs = 60_000;
const dayMs = 86_400_000;
// A call may end at any time; nobody knows when.
const callRetryMs = 1000;

/** Lets one more call begin, or says which limit forbids it. */
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

/** Takes tokens from the minute and the day, or from neither. */
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

/** Takes the tokens that were used beyond those reserved; negative where fewer were used. */
export function settle(usage: Usage, quota: Quota, { tokens, nowMs }: Amount): Usage {
  const { minute, day } = tokensAt(usage, quota, nowMs);
  return { ...usage, minute: take(minute, tokens), day: take(day, tokens) };
}

export interface Amount {
  readonly tokens: number;
  readonly nowMs: number;
}

/** Whether forgetting this usage would give its caller nothing. */
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
