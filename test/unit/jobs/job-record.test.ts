import { describe, expect, it } from "vitest";
import { JobRecord } from "../../../src/jobs/job-record.ts";
import type { WorkerEvent } from "../../../src/workers/messages.ts";
import { embedJob } from "../../fixtures/jobs.ts";
import { submission } from "../../fixtures/scripted-registry.ts";

const finish: WorkerEvent = {
  kind: "finish",
  reason: "length",
  stopSequence: "",
  usage: { promptTokens: 3, cachedPromptTokens: 0, completionTokens: 5 },
  timings: {
    queueMs: 20.4,
    prefillMs: 0,
    firstTokenMs: 30.6,
    decodeMs: 0,
    totalMs: 0,
    meanBatchSize: 1,
  },
};
const piece: WorkerEvent = { kind: "piece", text: "a" };
const items: WorkerEvent = {
  kind: "items",
  items: [0, 1].map((index) => ({
    index,
    value: { kind: "float32", values: new Float32Array(0) },
    tokenCount: 4,
    truncated: false,
  })),
};

const recordOf = (changes: Parameters<typeof submission>[1] = {}) =>
  new JobRecord(submission("say a", { arrivedAt: 1000, ...changes }), 100);

describe("a job's record", () => {
  it("has each moment of its life by one clock", () => {
    const job = recordOf();
    job.enters();
    job.waits(1001);
    job.starts(1010);
    job.arrived({ kind: "started" }, 1011);
    job.delivered({ kind: "started" }, 1012);
    job.arrived(piece, 1013);
    job.arrived(piece, 1014);
    job.delivered(piece, 1015);
    job.delivered(piece, 1016);
    job.arrived(finish, 1017);
    job.delivered(finish, 1030);
    job.ended(undefined, 1031);
    expect(job.times).toEqual({
      arrived: 1000,
      queued: 1001,
      started: 1010,
      firstOutput: 1013,
      computed: 1017,
      begun: 1012,
      lastOutput: 1016,
      ended: 1031,
    });
    expect([job.stage, job.result, job.failure]).toEqual(["worker", finish, undefined]);
  });

  it("tells what came from the worker apart from what its call was given", () => {
    const job = recordOf();
    job.arrived(piece, 1001);
    job.arrived(piece, 1002);
    job.delivered(piece, 1003);
    expect([job.given, job.counts.pieces, job.counts.completionTokens]).toEqual([2, 1, 1]);
  });

  it("counts items and the tokens of their texts, until the result says what was read", () => {
    const job = recordOf({ job: embedJob(["a", "b"]) });
    job.arrived(items, 1001);
    job.delivered(items, 1001);
    expect(job.given).toBe(2);
    expect(job.counts).toMatchObject({ items: 2, promptTokens: 8 });
    job.delivered(finish, 1002);
    expect(job.counts).toMatchObject({ items: 2, promptTokens: 3 });
  });

  it("queues a suspect as an interactive job, and as it is when it starts over", () => {
    const job = recordOf({ priority: "batch" });
    expect([job.ticket.priority, job.isRetry]).toEqual(["batch", false]);
    job.suspected();
    expect([job.stage, job.ticket.priority]).toEqual(["suspect", "interactive"]);
    job.retries();
    expect([job.ticket.priority, job.isRetry]).toEqual(["batch", true]);
  });
});

describe("a call's line in the log", () => {
  it("has nothing of a job that no worker began", () => {
    expect(recordOf().logFields).toEqual({});
  });

  it("has what was given of a completion that broke off", () => {
    const job = recordOf();
    job.delivered({ kind: "started" }, 1012.4);
    expect(job.logFields).toEqual({ queueMs: 12 });
    job.delivered(piece, 1013);
    expect(job.logFields).toEqual({ queueMs: 12, completionTokens: 1 });
  });

  it("has a completion's result", () => {
    const job = recordOf();
    job.delivered({ kind: "started" }, 1012);
    job.delivered(finish, 1013);
    expect(job.logFields).toEqual({
      promptTokens: 3,
      completionTokens: 5,
      finishReason: "length",
      queueMs: 20,
      timeToFirstTokenMs: 31,
    });
  });

  it("has no completion of a job that gives vectors", () => {
    const job = recordOf({ job: embedJob(["a", "b"]) });
    job.delivered(items, 1012);
    expect(job.logFields).toEqual({ promptTokens: 8, queueMs: 12 });
    job.delivered(finish, 1013);
    expect(job.logFields).toEqual({ promptTokens: 3, queueMs: 20 });
  });
});
