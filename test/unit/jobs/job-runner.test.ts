import { describe, expect, it } from "vitest";
import { ServeError } from "../../../src/base/errors.ts";
import type { WorkerEvent } from "../../../src/workers/messages.ts";
import { type Act, openRunner, type RunnerOptions } from "../../fixtures/job-runs.ts";
import { collect, embedJob, generateJob } from "../../fixtures/jobs.ts";
import { submission } from "../../fixtures/scripted-registry.ts";

const finish: WorkerEvent = {
  kind: "finish",
  reason: "stop",
  stopSequence: "",
  usage: { promptTokens: 3, cachedPromptTokens: 0, completionTokens: 1 },
  timings: { queueMs: 0, prefillMs: 0, firstTokenMs: 0, decodeMs: 0, totalMs: 0, meanBatchSize: 1 },
};

/** It dies before it has said anything. */
const die: Act = (stream) => stream.fail(new ServeError("WORKER_EXITED", "the worker has exited"));
/** It begins, and no more. */
const begin: Act = (stream) => stream.push({ kind: "started" });

const setUp = ({ act = die, ...options }: RunnerOptions) => openRunner({ act, ...options });

const gone = new ServeError("CALLER_GONE", "x");

describe("a job whose workers die and that is not suspected", () => {
  it("is tried twice in all, and told of once", async () => {
    const { runner, attempts, dropped } = setUp({});
    await expect(collect(runner.run(submission("say a")))).rejects.toMatchObject({
      reason: "WORKER_EXITED",
    });
    expect(attempts()).toBe(2);
    expect(dropped).toMatchObject([{ stage: "worker", reason: "WORKER_EXITED" }]);
  });
});

it("a batch job runs as one, and as an interactive one while other suspects wait for its end", async () => {
  const act: Act = (stream) => {
    stream.push(finish);
    stream.end();
  };
  const { runner, quarantine, priorities } = setUp({ act });
  const batch = submission("say a", { priority: "batch" });
  await collect(runner.run(batch));
  quarantine.suspect([{ job: generateJob("say a"), given: 0 }]);
  await collect(runner.run(batch));
  expect(priorities).toEqual(["batch", "interactive"]);
});

describe("a job that does not finish is told of with where it was", () => {
  it("as refused, where it may not wait", async () => {
    const { runner, dropped } = setUp({ places: 0, maxWaiting: 0 });
    await expect(collect(runner.run(submission("say a")))).rejects.toMatchObject({
      reason: "QUEUE_FULL",
    });
    expect(dropped).toMatchObject([{ stage: "admission", reason: "QUEUE_FULL" }]);
  });

  it("as one that waited, where its caller left meanwhile", async () => {
    const { runner, dropped } = setUp({ places: 0 });
    const caller = new AbortController();
    const waiting = collect(runner.run(submission("say a", { signal: caller.signal })));
    caller.abort(gone);
    await expect(waiting).rejects.toBe(gone);
    expect(dropped).toMatchObject([{ stage: "queue", reason: "CALLER_GONE" }]);
  });

  it("as a suspect, where it waited for its probation", async () => {
    const { runner, quarantine, dropped } = setUp({ act: begin });
    quarantine.suspect([{ job: generateJob("say a"), given: 0 }]);
    const onProbation = runner.run(submission("say a"));
    await onProbation.next();
    const caller = new AbortController();
    const waiting = collect(runner.run(submission("say a", { signal: caller.signal })));
    caller.abort(gone);
    await expect(waiting).rejects.toBe(gone);
    expect(dropped).toMatchObject([{ stage: "suspect", reason: "CALLER_GONE" }]);
  });

  it.each([
    { reader: "its caller", error: gone, reason: "CALLER_GONE" },
    { reader: "the server itself", error: undefined, reason: "INTERNAL" },
  ])("as one that a worker had, where $reader left it", async ({ error, reason }) => {
    const { runner, dropped } = setUp({ act: begin });
    const caller = new AbortController();
    const events = runner.run(submission("say a", { signal: caller.signal }));
    await events.next();
    if (error !== undefined) caller.abort(error);
    await events.return();
    expect(dropped).toMatchObject([{ stage: "worker", reason }]);
  });
});

it("a job that has finished is not told of as dropped, however its events are left", async () => {
  const act: Act = (stream) => {
    stream.push(finish);
    stream.end();
  };
  const { runner, dropped } = setUp({ act });
  await collect(runner.run(submission("say a")));
  const events = runner.run(submission("say a"));
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
  const { runner, dropped } = setUp({ act });
  await expect(collect(runner.run(submission("say a")))).rejects.toMatchObject({
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
  const { runner, dropped } = setUp({ act });
  const job = embedJob(["a", "b", "c"]);
  await expect(collect(runner.run(submission("", { job })))).rejects.toThrow();
  expect(dropped).toMatchObject([{ promptTokens: 8, completionTokens: 0 }]);
});

it("a job that is left gives its place in the queue's count back, once", async () => {
  const { runner, queue } = setUp({ act: begin });
  const events = runner.run(submission("say a"));
  await events.next();
  expect(queue.state.running).toBe(1);
  await events.return();
  await events.return();
  expect(queue.state.running).toBe(0);
});

it("a runner is idle once the last of its jobs has ended", async () => {
  const { runner } = setUp({ act: begin });
  const [one, other] = [runner.run(submission("say a")), runner.run(submission("say b"))];
  await one.next();
  await other.next();
  let isIdle = false;
  const idle = runner.idle().then(() => (isIdle = true));
  await one.return();
  await Promise.resolve();
  expect(isIdle).toBe(false);
  await other.return();
  await idle;
  expect(isIdle).toBe(true);
});

it("a job's times are told when its call is given what they are of", async () => {
  const act: Act = (stream) => {
    stream.push({ kind: "started" });
    for (const text of ["one", "two", "three"]) stream.push({ kind: "piece", text });
    stream.push(finish);
    stream.end();
  };
  const { runner, clock, times } = setUp({ act });
  for await (const event of runner.run(submission("say a", { arrivedAt: 0 }))) {
    expect(event).toBeDefined();
    clock.advance(10);
  }
  expect(times).toEqual([
    ["started", 0],
    ["first piece", 10],
    ["next piece", 10],
    ["next piece", 10],
  ]);
});
