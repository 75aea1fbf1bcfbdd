/** What the chaos test decides by itself: what to do when, and what may come of it. */
import { describe, expect, it } from "vitest";
import { noHistory, verdict } from "../../src/workers/restart.ts";
import { countedBy, loggedCounts, logProblems, type Made, spent } from "../chaos/accounts.ts";
import type { Seen } from "../chaos/call.ts";
import { type Act, type CallPlan, models, schedule } from "../chaos/schedule.ts";
import { type Event, problemOf } from "../chaos/verdict.ts";
import { samplesOf } from "../fixtures/prometheus.ts";
import type { LogLine } from "../real-server.ts";

/** More than loading a shipped model takes on a busy machine. */
const loadMs = 4000;

describe("a schedule of chaos", () => {
  const minute = schedule(1, 60_000);

  it("is the same for the same seed, and another for another", () => {
    expect(schedule(1, 60_000)).toEqual(minute);
    expect(schedule(2, 60_000)).not.toEqual(minute);
  });

  it("has everything in a minute that can be done to a server", () => {
    const kinds = minute.flatMap((action) =>
      action.kind === "calls" ? action.calls.map(({ manner }) => manner.kind) : [action.kind],
    );
    expect([...new Set(kinds)].toSorted()).toEqual([
      ...["cancels", "gives-up", "kill", "renew-certificate", "renew-key"],
      ...["stalls", "tighten", "transient-comes", "transient-goes", "waits"],
    ]);
    expect(minute.filter(({ kind }) => kind === "kill")).toHaveLength(4);
  });

  it("has calls whose work may wait, of every method of a model", () => {
    const batch = minute.flatMap((action) =>
      action.kind === "calls" ? action.calls.filter(({ isBatch }) => isBatch === true) : [],
    );
    expect(batch.map(({ method }) => method)).toEqual(
      expect.arrayContaining(["embed", "embedStream", "generate", "generateStream"]),
    );
  });

  it.each(models)("never kills %s so often that the server lets it rest", (model) => {
    const killedMs = schedule(3, 1_800_000).flatMap((action) =>
      action.kind === "kill" && action.model === model ? action.atMs : [],
    );
    expect(killedMs.length).toBeGreaterThan(30);
    let history = noHistory;
    for (const [index, atMs] of killedMs.entries()) {
      const upMs = atMs - (killedMs[index - 1] ?? 0) - loadMs;
      const decided = verdict({ kind: "crashed", upMs }, history);
      if (decided.kind !== "restart") throw new Error(`it would ${decided.kind} at ${atMs}`);
      history = decided.history;
    }
  });

  it("comes in order, and gives no two calls the same number", () => {
    expect(minute.toSorted((one, other) => one.atMs - other.atMs)).toEqual(minute);
    const numbers = minute.flatMap((action) =>
      action.kind === "calls" ? action.calls.map(({ number }) => number) : [],
    );
    expect(new Set(numbers).size).toBe(numbers.length);
  });
});

const plan = (parts: Partial<CallPlan> = {}): CallPlan => {
  const manner = { kind: "waits" } as const;
  return { method: "generateStream", key: "steady", manner, number: 1, size: 5, ...parts };
};
const seen = (parts: Partial<Seen> = {}): Seen => {
  const end = { ends: 1, code: "OK", reason: undefined, retryMs: undefined };
  const had = { responses: 1, tokens: 0 };
  return { fromMs: 50_000, firstMs: 50_500, untilMs: 51_000, ...end, ...had, answer: {}, ...parts };
};
const event = (act: Act, fromMs: number): Event => ({ act, fromMs, untilMs: fromMs });

describe("the verdict on a call", () => {
  const killed = event({ kind: "kill", model: "inferd-demo" }, 50_500);
  const exited = { code: "UNAVAILABLE", reason: "WORKER_EXITED", retryMs: 1 };
  const quota = { code: "RESOURCE_EXHAUSTED", reason: "QUOTA_EXCEEDED", retryMs: 1 };
  const full = { code: "RESOURCE_EXHAUSTED", reason: "QUEUE_FULL", retryMs: 1 };
  const refused = { code: "UNAUTHENTICATED", reason: "CREDENTIAL_INVALID" };
  const expired = { code: "DEADLINE_EXCEEDED", reason: "DEADLINE_PASSED" };
  const givesUp = { kind: "gives-up", deadlineMs: 1 } as const;
  const tight = event({ kind: "tighten", forMs: 0 }, 49_000);
  const renewed = event({ kind: "renew-key" }, 49_000);
  const crowd = event({ kind: "calls", calls: [plan(), plan()] }, 49_500);

  it.each<[string, Partial<CallPlan>, Partial<Seen>, Event[]]>([
    ["it went well", {}, {}, []],
    ["its worker was killed", {}, exited, [killed]],
    ["its deadline passed", { manner: givesUp }, expired, []],
    ["its key was revoked", { key: "former" }, refused, []],
    ["its key has just been revoked", { key: "former" }, {}, [renewed]],
    ["quotas were tight", { key: "hasty" }, quota, [tight]],
    ["its model was crowded", {}, full, [crowd]],
  ])("is good where %s", (_, planned, ended, events) => {
    expect(problemOf(plan(planned), seen(ended), events)).toBeUndefined();
  });

  it.each<[string, Partial<CallPlan>, Partial<Seen>, Event[]]>([
    ["it does not end", {}, { ends: 0, code: "" }, []],
    ["it ends twice", {}, { ends: 2 }, []],
    ["its answer is cut short", {}, { answer: { fault: "cut" } }, []],
    ["it fails for no reason that is its caller's", {}, { code: "INTERNAL" }, [killed]],
    ["a worker exits that nobody killed", {}, exited, []],
    ["the other model's worker was killed", { method: "embed" }, exited, [killed]],
    ["it is not told when to come again", {}, { ...exited, retryMs: undefined }, [killed]],
    ["it expires without a deadline", {}, expired, []],
    ["a revoked key still calls", { key: "former" }, {}, []],
    ["another's quota is used up", {}, quota, [tight]],
    ["a good key is refused", {}, refused, [renewed]],
    ["a queue is full that nobody crowds", {}, full, [killed]],
    ["another model was crowded", { method: "embed" }, full, [crowd]],
    ["it is the transient's, and another model was crowded", { ofTransient: true }, full, [crowd]],
    ["the crowd has long gone", {}, full, [{ ...crowd, fromMs: 40_000, untilMs: 41_000 }]],
  ])("is bad where %s", (_, planned, ended, events) => {
    expect(problemOf(plan(planned), seen(ended), events)).toBeTypeOf("string");
  });
});

describe("the accounts", () => {
  const method = "inferd.v1.GenerationService/GenerateStream";
  const usage = { promptTokens: 4, cachedPromptTokens: 0, completionTokens: 5 };
  const ok: Made = { plan: plan(), seen: seen({ answer: { usage } }) };
  const cancelled: Made = { plan: plan(), seen: seen({ code: "CANCELLED" }) };
  const common = { msg: "call", level: "info", method, model: "inferd-demo" };
  const tokens = { promptTokens: 4, completionTokens: 5 };
  const okLine: LogLine = { ...common, code: "OK", ...tokens, finishReason: "length" };
  const gone = { code: "CANCELLED", reason: "CALLER_GONE" };
  const goneLine: LogLine = { ...common, ...gone, completionTokens: 3 };

  it("agree where each call has its line, and a cancelled one has one that it may differ from", () => {
    expect(logProblems([ok, cancelled], [okLine, goneLine])).toEqual([]);
    expect(logProblems([ok, cancelled], [okLine, okLine])).toEqual([]);
  });

  it.each<[string, Made[], LogLine[]]>([
    ["a line is missing", [ok, ok], [okLine]],
    ["a line has other tokens", [ok], [{ ...okLine, completionTokens: 6 }]],
    ["a call has two lines", [ok], [okLine, okLine]],
    ["a cancelled call that was answered has none", [ok, cancelled], [okLine]],
  ])("do not where %s", (_, made, log) => {
    expect(logProblems(made, log)).not.toEqual([]);
  });

  it("count the same in the log and in the metrics", () => {
    const door = { code: "UNAUTHENTICATED", reason: "CREDENTIAL_INVALID" };
    const refusedLine: LogLine = { msg: "refused", level: "warn", method, ...door };
    const labels = `method="${method}",model="inferd-demo"`;
    const samples = samplesOf(`
inferd_calls_total{${labels},code="OK",reason=""} 2
inferd_calls_total{${labels},code="CANCELLED",reason="CALLER_GONE"} 1
inferd_calls_total{method="${method}",model="",code="UNAUTHENTICATED",reason="CREDENTIAL_INVALID"} 1
inferd_calls_total{method="${method}",model="",code="DEADLINE_EXCEEDED",reason="DEADLINE_PASSED"} 3
inferd_rejected_total{reason="DEADLINE_PASSED"} 2
inferd_prompt_tokens_total{model="inferd-demo"} 8
inferd_completion_tokens_total{model="inferd-demo"} 13
inferd_unfinished_tokens_total{model="inferd-demo"} 3`);
    const late = { code: "DEADLINE_EXCEEDED", reason: "DEADLINE_PASSED" };
    const lateLine: LogLine = { msg: "call", level: "info", method, ...late };
    const lines = [okLine, okLine, goneLine, refusedLine, lateLine];
    expect(countedBy(samples)).toEqual(loggedCounts(lines));
    expect(countedBy(samples)).not.toEqual(loggedCounts(lines.slice(0, -1)));
  });

  it("know what a call cost, or between what it lies", () => {
    expect(spent(ok)).toEqual({ least: 9, most: 9 });
    const dead = { code: "UNAVAILABLE", reason: "WORKER_EXITED", responses: 3, tokens: 2 };
    // Its text is 52 bytes, four to a token.
    expect(spent({ plan: plan(), seen: seen(dead) })).toEqual({ least: 15, most: 15 });
    const unary = { plan: plan({ method: "generate" }), seen: seen({ ...dead, responses: 0 }) };
    expect(spent(unary)).toEqual({ least: 0, most: 18 });
    const full = seen({ code: "RESOURCE_EXHAUSTED", reason: "QUEUE_FULL" });
    expect(spent({ plan: plan(), seen: full })).toEqual({ least: 0, most: 0 });
  });
});
