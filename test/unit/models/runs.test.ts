import { describe, expect, it } from "vitest";
import { ServeError } from "../../../src/base/errors.ts";
import { type DroppedJob, silentModelMeter } from "../../../src/base/meter.ts";
import type { Priority } from "../../../src/base/priority.ts";
import { fingerprintWith } from "../../../src/jobs/quarantine/fingerprint.ts";
import { Quarantine } from "../../../src/jobs/quarantine/quarantine.ts";
import { Runs } from "../../../src/models/runs.ts";
import { Queue } from "../../../src/scheduling/queue.ts";
import { GlobalLimit } from "../../../src/scheduling/global-limit.ts";
import { JobStream } from "../../../src/workers/job-stream.ts";
import type { WorkerEvent } from "../../../src/workers/messages.ts";
import type { Replica } from "../../../src/workers/replica.ts";
import { FakeClock } from "../../fixtures/fake-clock.ts";
import { collect, embedJob, generateJob } from "../../fixtures/jobs.ts";
import { scriptedManifest, submission } from "../../fixtures/scripted-registry.ts";

const tokens = 1e9;

const finish: WorkerEvent = {
  kind: "finish",
  reason: "stop",
  stopSequence: "",
  usage: { promptTokens: 3, cachedPromptTokens: 0, completionTokens: 1 },
  timings: { queueMs: 0, prefillMs: 0, firstTokenMs: 0, decodeMs: 0, totalMs: 0, meanBatchSize: 1 },
};

/** What a stand-in for a worker does with each job. */
type Act = (stream: JobStream) => void;

/** It dies before it has said anything. */
const die: Act = (stream) => stream.fail(new ServeError("WORKER_EXITED", "the worker has exited"));
/** It begins, and no more. */
const begin: Act = (stream) => stream.push({ kind: "started" });

/**
 * Runs jobs on a stand-in for a worker. Where it dies nobody tells the quarantine, so only the bound on retries is
 * left: with real workers a job is out of the quarantine's memory only after ten minutes.
 */
function setUp({ act = die, places = 1, maxWaiting = 10 }) {
  const clock = new FakeClock();
  let attempts = 0;
  const priorities: Priority[] = [];
  const worker: Pick<Replica, "run"> = {
    run: ({ priority }) => {
      priorities.push(priority);
      // Else a bound that is missing would never end the test.
      if (++attempts > 10) throw new Error("tried again and again");
      const stream = new JobStream({ read: () => undefined, left: () => undefined });
      act(stream);
      return stream;
    },
  };
  const bounds = { jobs: maxWaiting, tokens };
  const queue = new Queue<Replica>({
    take: () => (places > 0 ? (worker as Replica) : undefined),
    slots: () => places,
    bounds,
    room: new GlobalLimit({ jobs: 10, tokens }),
    refusesLate: true,
    now: clock.now,
  });
  const fingerprint = fingerprintWith(Buffer.alloc(32, 1));
  const quarantine = new Quarantine({ fingerprint, clock, bounds, heldMs: () => 0 });
  const manifest = scriptedManifest();
  const look = () =>
    ({ manifest, digest: "", state: "ready", failure: "", info: undefined }) as const;
  const dropped: DroppedJob[] = [];
  const meter = { ...silentModelMeter, dropped: (job: DroppedJob) => void dropped.push(job) };
  const runs = new Runs({ queue, quarantine, clock, meter, look });
  return { runs, quarantine, dropped, priorities, attempts: () => attempts };
}

const gone = new ServeError("CALLER_GONE", "x");

describe("a job whose workers die and that nobody blames", () => {
  it("is tried twice in all, and told of once", async () => {
    const { runs, attempts, dropped } = setUp({});
    await expect(collect(runs.run(submission("say a")))).rejects.toMatchObject({
      reason: "WORKER_EXITED",
    });
    expect(attempts()).toBe(2);
    expect(dropped).toMatchObject([{ stage: "worker", reason: "WORKER_EXITED" }]);
  });
});

it("a batch job runs as one, and as an interactive one while other suspects wait for its end", async () => {
  const act: Act = (stream) => {
    stream.push(finish);
    stream.end(0);
  };
  const { runs, quarantine, priorities } = setUp({ act });
  const batch = submission("say a", { priority: "batch" });
  await collect(runs.run(batch));
  quarantine.suspect([{ job: generateJob("say a"), given: 0 }]);
  await collect(runs.run(batch));
  expect(priorities).toEqual(["batch", "interactive"]);
});

describe("a job that does not finish is told of with where it was", () => {
  it("as refused, where it may not wait", async () => {
    const { runs, dropped } = setUp({ places: 0, maxWaiting: 0 });
    await expect(collect(runs.run(submission("say a")))).rejects.toMatchObject({
      reason: "QUEUE_FULL",
    });
    expect(dropped).toMatchObject([{ stage: "admission", reason: "QUEUE_FULL" }]);
  });

  it("as one that waited, where its caller left meanwhile", async () => {
    const { runs, dropped } = setUp({ places: 0 });
    const caller = new AbortController();
    const waiting = collect(runs.run(submission("say a", { signal: caller.signal })));
    caller.abort(gone);
    await expect(waiting).rejects.toBe(gone);
    expect(dropped).toMatchObject([{ stage: "queue", reason: "CALLER_GONE" }]);
  });

  it("as a suspect, where it waited for its trial", async () => {
    const { runs, quarantine, dropped } = setUp({ act: begin });
    quarantine.suspect([{ job: generateJob("say a"), given: 0 }]);
    const onTrial = runs.run(submission("say a"));
    await onTrial.next();
    const caller = new AbortController();
    const waiting = collect(runs.run(submission("say a", { signal: caller.signal })));
    caller.abort(gone);
    await expect(waiting).rejects.toBe(gone);
    expect(dropped).toMatchObject([{ stage: "suspect", reason: "CALLER_GONE" }]);
  });

  it.each([
    { who: "its caller", error: gone, reason: "CALLER_GONE" },
    { who: "the server itself", error: undefined, reason: "INTERNAL" },
  ])("as one that a worker had, where $who left it", async ({ error, reason }) => {
    const { runs, dropped } = setUp({ act: begin });
    const caller = new AbortController();
    const events = runs.run(submission("say a", { signal: caller.signal }));
    await events.next();
    if (error !== undefined) caller.abort(error);
    await events.return();
    expect(dropped).toMatchObject([{ stage: "worker", reason }]);
  });
});

it("a job that has finished is not told of as dropped, however its events are left", async () => {
  const act: Act = (stream) => {
    stream.push(finish);
    stream.end(0);
  };
  const { runs, dropped } = setUp({ act });
  await collect(runs.run(submission("say a")));
  const events = runs.run(submission("say a"));
  await events.next();
  await events.return();
  expect(dropped).toEqual([]);
});

it("a job that breaks off is told of with the tokens that its call was given", async () => {
  const act: Act = (stream) => {
    stream.push({ kind: "started" });
    stream.push({ kind: "piece", text: "one" });
    stream.push({ kind: "piece", text: "two", tokenIds: Uint32Array.of(7, 8) });
    die(stream);
  };
  const { runs, dropped } = setUp({ act });
  await expect(collect(runs.run(submission("say a")))).rejects.toMatchObject({
    reason: "WORKER_EXITED",
  });
  const reason = "WORKER_EXITED";
  expect(dropped).toEqual([{ stage: "worker", reason, promptTokens: 0, completionTokens: 3 }]);
});

it("an embedding job that breaks off is told of with the texts whose vectors were given", async () => {
  const act: Act = (stream) => {
    const value = { kind: "float32", values: new Float32Array(0) } as const;
    const item = { value, tokenCount: 4, truncated: false };
    const items = [
      { ...item, index: 0 },
      { ...item, index: 1 },
    ];
    stream.push({ kind: "items", items });
    die(stream);
  };
  const { runs, dropped } = setUp({ act });
  const job = embedJob(["a", "b", "c"]);
  await expect(collect(runs.run(submission("", { job })))).rejects.toThrow();
  expect(dropped).toMatchObject([{ promptTokens: 8, completionTokens: 0 }]);
});
