import type { Clock } from "../base/clock.ts";
import { ServeError } from "../base/errors.ts";
import {
  beginCall,
  type Decision,
  endCall,
  isForgettable,
  type Quota,
  reserve,
  settle,
  type Usage,
  unused,
} from "./quota.ts";

const limitTexts: Readonly<Record<keyof Quota, string>> = {
  requestsPerMinute: "requests a minute",
  concurrentCalls: "calls at a time",
  tokensPerMinute: "tokens a minute",
  tokensPerDay: "tokens a day",
};

const firstSweepAt = 1024;

/** A caller to charge, and its quota. */
export interface Account {
  readonly id: string;
  readonly quota: Quota;
}

/** Usage of the quotas of all callers, in this process. */
export class QuotaUsage {
  readonly #now: () => number;
  readonly #usages = new Map<string, { account: Account; usage: Usage }>();
  #sweepAt = firstSweepAt;

  constructor(clock: Pick<Clock, "now">) {
    this.#now = clock.now;
  }

  /** Starts a call; the result ends it. Throws QUOTA_EXCEEDED. */
  begin(account: Account): () => void {
    this.#take(account, (usage) => beginCall(usage, account.quota, this.#now()));
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      this.#set(account, endCall(this.#usage(account)));
    };
  }

  /** Reserves an estimate of tokens; the result settles it once. Throws QUOTA_EXCEEDED. */
  reserve(account: Account, estimate: number): (used: number) => void {
    const { quota } = account;
    this.#take(account, (usage) => reserve(usage, quota, { tokens: estimate, nowMs: this.#now() }));
    let isSettled = false;
    return (used) => {
      if (isSettled) return;
      isSettled = true;
      const amount = { tokens: used - estimate, nowMs: this.#now() };
      this.#set(account, settle(this.#usage(account), quota, amount));
    };
  }

  #take(account: Account, decide: (usage: Usage) => Decision): void {
    const decision = decide(this.#usage(account));
    if (decision.kind === "refused") throw quotaError(account, decision);
    this.#set(account, decision.usage);
  }

  #usage({ id }: Account): Usage {
    return this.#usages.get(id)?.usage ?? unused;
  }

  #set(account: Account, usage: Usage): void {
    this.#usages.set(account.id, { account, usage });
    if (this.#usages.size >= this.#sweepAt) this.#sweep();
  }

  /** Forgets callers without usage: callers by token or certificate are unlimited in number. */
  #sweep(): void {
    const now = this.#now();
    for (const [id, { account, usage }] of this.#usages) {
      if (isForgettable(usage, account.quota, now)) this.#usages.delete(id);
    }
    this.#sweepAt = Math.max(firstSweepAt, 2 * this.#usages.size);
  }
}

function quotaError(
  { quota }: Account,
  { limit, retryAfterMs }: Extract<Decision, { kind: "refused" }>,
): ServeError {
  const allowed = `${quota[limit] ?? 0} ${limitTexts[limit]}`;
  return new ServeError("QUOTA_EXCEEDED", `the caller's quota of ${allowed} is used up`, {
    facts: { limit, allowed: String(quota[limit] ?? 0) },
    retryAfterMs,
  });
}
