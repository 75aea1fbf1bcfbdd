import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ServeError } from "../../../src/base/errors.ts";
import { QuotaUsage } from "../../../src/auth/usage.ts";
import {
  beginCall,
  type Decision,
  endCall,
  isForgettable,
  reserve,
  settle,
  type Usage,
  unused,
} from "../../../src/auth/quota.ts";
import { FakeClock } from "../../fixtures/fake-clock.ts";

const minuteMs = 60_000;

function usageOf(decision: Decision): Usage {
  if (decision.kind === "refused") throw new Error(`refused by ${decision.limit}`);
  return decision.usage;
}

describe("a quota of requests", () => {
  it("over any span of time lets at most its limit and what the span fills begin", () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), gaps, (requestsPerMinute, waits) => {
        let usage = unused;
        let now = 0;
        const begun: number[] = [];
        for (const wait of waits) {
          now += wait;
          const decision = beginCall(usage, { requestsPerMinute }, now);
          if (decision.kind === "refused") continue;
          usage = decision.usage;
          begun.push(now);
        }
        for (const [first, from] of begun.entries()) {
          for (const [last, to] of begun.entries()) {
            if (last < first) continue;
            const most = requestsPerMinute + ((to - from) * requestsPerMinute) / minuteMs;
            expect(last - first + 1).toBeLessThanOrEqual(most + 1e-6);
          }
        }
      }),
    );
  });

  it("lets a call begin when it said that one could, and not a moment sooner", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), (requestsPerMinute) => {
        const quota = { requestsPerMinute };
        let usage = unused;
        let decision = beginCall(usage, quota, 0);
        while (decision.kind === "taken") {
          usage = decision.usage;
          decision = beginCall(usage, quota, 0);
        }
        const { retryAfterMs } = decision;
        expect(beginCall(usage, quota, retryAfterMs).kind).toBe("taken");
        expect(beginCall(usage, quota, retryAfterMs - 1).kind).toBe("refused");
      }),
    );
  });
});

it("counts open calls exactly, whatever begins and ends", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.boolean()),
      (concurrentCalls, steps) => {
        let usage = unused;
        let open = 0;
        for (const begins of steps) {
          if (begins) {
            const decision = beginCall(usage, { concurrentCalls }, 0);
            expect(decision.kind).toBe(open < concurrentCalls ? "taken" : "refused");
            if (decision.kind === "refused") continue;
            usage = decision.usage;
            open += 1;
          } else if (open > 0) {
            usage = endCall(usage);
            open -= 1;
          }
          expect(usage.openCalls).toBe(open);
        }
      },
    ),
  );
});

describe("a quota of tokens", () => {
  const quota = { tokensPerMinute: 100, tokensPerDay: 1000 };

  it("charges what was used, however wrong the estimates were", () => {
    const job = fc.record({ estimate: fc.nat(150), used: fc.nat(300) });
    fc.assert(
      fc.property(fc.array(job, { maxLength: 50 }), (jobs) => {
        let usage = unused;
        let used = 0;
        for (const { estimate, used: real } of jobs) {
          const decision = reserve(usage, quota, { tokens: estimate, nowMs: 0 });
          if (decision.kind === "refused") continue;
          usage = settle(decision.usage, quota, { tokens: real - estimate, nowMs: 0 });
          used += real;
        }
        expect(usage.minute?.level ?? 100).toBeCloseTo(100 - used);
        expect(usage.day?.level ?? 1000).toBeCloseTo(1000 - used);
      }),
    );
  });

  it("lets a call that asks for more than the limit begin once, and then makes it wait", () => {
    const usage = usageOf(reserve(unused, quota, { tokens: 5000, nowMs: 0 }));
    const settled = settle(usage, quota, { tokens: 150 - 5000, nowMs: 0 });
    expect(reserve(settled, quota, { tokens: 1, nowMs: 0 })).toEqual({
      kind: "refused",
      limit: "tokensPerMinute",
      retryAfterMs: 30_600,
    });
    expect(reserve(settled, quota, { tokens: 1, nowMs: 30_600 }).kind).toBe("taken");
  });

  it("takes from neither bucket when one of them has too little", () => {
    let usage = unused;
    for (let minute = 0; minute < 10; minute++) {
      const at = { tokens: 100, nowMs: minute * minuteMs };
      usage = usageOf(reserve(usage, quota, at));
    }
    const nowMs = 10 * minuteMs;
    const decision = reserve(usage, quota, { tokens: 100, nowMs });
    expect(decision).toMatchObject({ kind: "refused", limit: "tokensPerDay" });
    expect(reserve(usage, quota, { tokens: 1, nowMs }).kind).toBe("taken");
  });
});

it("forgets a caller only when that gives it nothing", () => {
  const quota = { requestsPerMinute: 2 };
  const usage = endCall(usageOf(beginCall(unused, quota, 0)));
  expect(isForgettable(usage, quota, 29_999)).toBe(false);
  expect(isForgettable(usage, quota, 30_000)).toBe(true);
});

describe("the ledger", () => {
  it("refuses with QUOTA_EXCEEDED and when to come back", () => {
    const ledger = new QuotaUsage(new FakeClock());
    const account = { id: "key:a", quota: { requestsPerMinute: 1 } };
    ledger.begin(account)();
    const thrown = catchError(() => ledger.begin(account));
    expect(thrown.reason).toBe("QUOTA_EXCEEDED");
    expect(thrown.retryAfterMs).toBe(60_000);
    expect(thrown.facts).toEqual({ limit: "requestsPerMinute", allowed: "1" });
  });

  it("ends a call and settles a reservation once, however often it is told", () => {
    const ledger = new QuotaUsage(new FakeClock());
    const account = { id: "key:a", quota: { concurrentCalls: 1, tokensPerMinute: 10 } };
    const end = ledger.begin(account);
    end();
    end();
    ledger.begin(account);
    expect(() => ledger.begin(account)).toThrow(ServeError);
    const settleTokens = ledger.reserve(account, 10);
    settleTokens(4);
    settleTokens(0);
    expect(catchError(() => ledger.reserve(account, 7)).retryAfterMs).toBe(6000);
    ledger.reserve(account, 6);
  });

  it("keeps callers apart", () => {
    const ledger = new QuotaUsage(new FakeClock());
    const quota = { concurrentCalls: 1 };
    ledger.begin({ id: "key:a", quota });
    ledger.begin({ id: "key:b", quota });
    expect(() => ledger.begin({ id: "key:a", quota })).toThrow(ServeError);
  });
});

function catchError(act: () => unknown): ServeError {
  try {
    act();
  } catch (error) {
    if (error instanceof ServeError) return error;
  }
  throw new Error("it was not refused");
}
