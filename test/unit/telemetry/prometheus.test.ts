import { describe, expect, it } from "vitest";
import { type EndedCall, type ModelLoad, unknownMethod } from "../../../src/base/meter.ts";
import { openMeter } from "../../../src/telemetry/prometheus.ts";
import type { Metric } from "../../../src/telemetry/metric.ts";
import { metrics } from "../../../src/telemetry/table.ts";
import { resting } from "../../fixtures/metrics.ts";
import { samplesOf } from "../../fixtures/prometheus.ts";

const ended: EndedCall = {
  method: "inferd.v1.GenerationService/Generate",
  model: "story",
  code: "OK",
  reason: undefined,
  durationMs: 40,
  isStarted: true,
};
const none = { promptTokens: 0, completionTokens: 0 };
const load: ModelLoad = {
  model: "story",
  isReady: true,
  queuedJobs: 3,
  runningJobs: 2,
  slots: 2,
  cells: 100,
  usedCells: 40,
  prefixBytes: 700,
  prefixLimitBytes: 1000,
};

describe("the table of metrics", () => {
  const all: readonly Metric[] = Object.values(metrics);

  it.each(all.map((metric) => [metric.name, metric] as const))(
    "names %s by its kind",
    (name, metric) => {
      expect(name).toMatch(/^inferd_[a-z_]+$/);
      expect(name.endsWith("_total")).toBe(metric.type === "counter");
      expect(metric.help).toMatch(/^[A-Z0-9].*\.$/);
    },
  );

  it("has buckets that grow", () => {
    for (const metric of all) {
      if (metric.type !== "histogram") continue;
      expect(metric.buckets.toSorted((a, b) => a - b)).toEqual(metric.buckets);
    }
  });

  it("is what the text shows, and nothing else is", async () => {
    const text = await openMeter({ ...resting, models: () => [load] }).text();
    const shown = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(
      ([, name, type]) => `${name} ${type}`,
    );
    expect(shown.sort()).toEqual(all.map(({ name, type }) => `${name} ${type}`).sort());
  });
});

describe("a meter", () => {
  it("counts calls by how they ended, and those that run", async () => {
    const meter = openMeter(resting);
    meter.callBegan(ended.method);
    meter.callBegan(ended.method);
    meter.callEnded(ended);
    const samples = samplesOf(await meter.text());
    const { method } = ended;
    expect(
      samples.get("inferd_calls_total", { method, model: "story", code: "OK", reason: "" }),
    ).toBe(1);
    expect(samples.get("inferd_running_calls", { method })).toBe(1);
    expect(samples.get("inferd_call_seconds_sum", { method, model: "story" })).toBeCloseTo(0.04);
  });

  it("counts each call once, however often it is read", async () => {
    const meter = openMeter(resting);
    const { method } = ended;
    const failed = { ...ended, code: "RESOURCE_EXHAUSTED", reason: "QUEUE_FULL" } as const;
    for (const call of [ended, ended, failed]) {
      meter.callBegan(method);
      meter.callEnded(call);
      await meter.text();
    }
    const samples = samplesOf(await meter.text());
    const labels = { method, model: "story" };
    expect(samples.of("inferd_calls_total")).toEqual([
      { labels: { ...labels, code: "OK", reason: "" }, value: 2 },
      { labels: { ...labels, code: "RESOURCE_EXHAUSTED", reason: "QUEUE_FULL" }, value: 1 },
    ]);
    expect(samples.get("inferd_running_calls", { method })).toBe(0);
  });

  it("counts a call that was turned away among all calls, and a connection among none", async () => {
    const meter = openMeter(resting);
    const { method } = ended;
    meter.callRejected({ method, reason: "TOO_MANY_CALLS" });
    meter.callRejected({ method: unknownMethod, reason: "METHOD_UNKNOWN" });
    meter.connectionRejected("TLS_REFUSED");
    const samples = samplesOf(await meter.text());
    expect(samples.of("inferd_calls_total")).toEqual([
      {
        labels: { method, model: "", code: "RESOURCE_EXHAUSTED", reason: "TOO_MANY_CALLS" },
        value: 1,
      },
      {
        labels: { method: "unknown", model: "", code: "UNIMPLEMENTED", reason: "METHOD_UNKNOWN" },
        value: 1,
      },
    ]);
    expect(samples.of("inferd_rejected_total")).toEqual([
      { labels: { reason: "TOO_MANY_CALLS" }, value: 1 },
      { labels: { reason: "METHOD_UNKNOWN" }, value: 1 },
      { labels: { reason: "TLS_REFUSED" }, value: 1 },
    ]);
  });

  it("counts as refused what ended before a worker began it, and nothing else", async () => {
    const meter = openMeter(resting);
    const failed = { ...ended, code: "RESOURCE_EXHAUSTED", reason: "QUEUE_FULL" } as const;
    meter.callEnded({ ...failed, isStarted: false });
    meter.callEnded({ ...failed, code: "UNAVAILABLE", reason: "WORKER_EXITED" });
    meter.callEnded({ ...failed, model: undefined, isStarted: false });
    meter.callEnded({ ...ended, isStarted: false });
    const samples = samplesOf(await meter.text());
    expect(samples.of("inferd_model_rejections_total")).toEqual([
      { labels: { model: "story", reason: "QUEUE_FULL" }, value: 1 },
    ]);
  });

  it("shows models as they stand, and forgets one that is gone", async () => {
    const nothing = { cells: 0, usedCells: 0, prefixBytes: 0, prefixLimitBytes: 0 };
    let loads: readonly ModelLoad[] = [load, { ...load, model: "vectors", ...nothing }];
    const meter = openMeter({ ...resting, models: () => loads });
    const before = samplesOf(await meter.text());
    expect(before.get("inferd_jobs_waiting", { model: "story" })).toBe(3);
    expect(before.of("inferd_kv_used_cells")).toEqual([{ labels: { model: "story" }, value: 40 }]);
    const [bytes, limit] = ["inferd_prefix_memory_bytes", "inferd_prefix_memory_limit_bytes"];
    expect(before.of(bytes)).toEqual([{ labels: { model: "story" }, value: 700 }]);
    expect(before.of(limit)).toEqual([{ labels: { model: "story" }, value: 1000 }]);
    loads = [];
    const after = samplesOf(await meter.text());
    for (const gauge of ["inferd_slots", bytes, limit]) expect(after.of(gauge)).toEqual([]);
  });

  it("shows what is open at the port for callers", async () => {
    const edge = { connections: 2, openCalls: 3, uploadBytes: 400 };
    const samples = samplesOf(await openMeter({ ...resting, edge: () => edge }).text());
    expect(samples.get("inferd_connections")).toBe(2);
    expect(samples.get("inferd_open_calls")).toBe(3);
    expect(samples.get("inferd_upload_bytes")).toBe(400);
  });

  it("sums a job's tokens, and takes a cached prompt for a hit", async () => {
    const meter = openMeter(resting);
    const story = meter.model("story");
    const job = {
      kind: "completion",
      promptTokens: 9,
      completionTokens: 5,
      prefillMs: 4,
      decodeMs: 20,
    } as const;
    story.finished({ ...job, cachedPromptTokens: 0 });
    story.finished({ ...job, cachedPromptTokens: 8 });
    meter
      .model("vectors")
      .finished({ ...job, kind: "items", cachedPromptTokens: 0, completionTokens: 0 });
    const samples = samplesOf(await meter.text());
    const model = { model: "story" };
    expect(samples.get("inferd_prompt_tokens_total", model)).toBe(18);
    expect(samples.get("inferd_cached_prompt_tokens_total", model)).toBe(8);
    expect(samples.get("inferd_completion_tokens_total", model)).toBe(10);
    expect(samples.get("inferd_prefix_cache_hits_total", model)).toBe(1);
    expect(samples.get("inferd_decode_seconds_count", model)).toBe(2);
    expect(samples.get("inferd_prefill_seconds_count", { model: "vectors" })).toBe(1);
    expect(samples.of("inferd_decode_seconds_count")).toHaveLength(1);
  });

  it("counts jobs that were dropped by where they were", async () => {
    const meter = openMeter(resting);
    const story = meter.model("story");
    for (const stage of ["queue", "queue", "worker"] as const) {
      story.dropped({ stage, reason: "DEADLINE_PASSED", ...none });
    }
    const samples = samplesOf(await meter.text());
    const labels = { model: "story", reason: "DEADLINE_PASSED" };
    expect(samples.get("inferd_failed_jobs_total", { ...labels, stage: "queue" })).toBe(2);
    expect(samples.get("inferd_failed_jobs_total", { ...labels, stage: "worker" })).toBe(1);
  });

  it("counts what broken-off jobs gave among all tokens, and says which part it is", async () => {
    const meter = openMeter(resting);
    const why = { stage: "worker", reason: "CALLER_GONE" } as const;
    meter.model("story").dropped({ ...why, promptTokens: 0, completionTokens: 7 });
    meter.model("vectors").dropped({ ...why, promptTokens: 5, completionTokens: 0 });
    const samples = samplesOf(await meter.text());
    const values = (name: string) =>
      samples.of(name).map(({ labels, value }) => [labels["model"], value]);
    expect(values("inferd_completion_tokens_total")).toEqual([["story", 7]]);
    expect(values("inferd_prompt_tokens_total")).toEqual([["vectors", 5]]);
    expect(values("inferd_unfinished_tokens_total")).toEqual([
      ["story", 7],
      ["vectors", 5],
    ]);
  });

  it("times how soon a cancelled job is free, and sums what came for it in vain", async () => {
    const meter = openMeter(resting);
    meter.model("story").freed(30, 2);
    meter.model("story").freed(10, 1);
    const samples = samplesOf(await meter.text());
    const model = { model: "story" };
    expect(samples.get("inferd_cancel_to_free_seconds_sum", model)).toBeCloseTo(0.04);
    expect(samples.get("inferd_wasted_tokens_total", model)).toBe(3);
  });

  it("adds up what engines did with prefixes, from the first word of it on", async () => {
    const meter = openMeter(resting);
    const names = ["saved", "restored", "evicted"].map((what) => `inferd_prefix_${what}_total`);
    const values = async () => {
      const samples = samplesOf(await meter.text());
      return names.map((name) => samples.get(name, { model: "story" }));
    };
    const story = meter.model("story");
    expect(await values()).toEqual([undefined, undefined, undefined]);
    story.prefixesMoved({ saved: 0, restored: 0, evicted: 0 });
    expect(await values()).toEqual([0, 0, 0]);
    story.prefixesMoved({ saved: 3, restored: 2, evicted: 1 });
    story.prefixesMoved({ saved: 1, restored: 0, evicted: 0 });
    expect(await values()).toEqual([4, 2, 1]);
  });

  it("has a model's restarts at zero before the first", async () => {
    const meter = openMeter(resting);
    const story = meter.model("story");
    const model = { model: "story" };
    expect(samplesOf(await meter.text()).get("inferd_worker_restarts_total", model)).toBe(0);
    story.restarted();
    expect(samplesOf(await meter.text()).get("inferd_worker_restarts_total", model)).toBe(1);
  });
});
