import { describe, expect, it } from "vitest";
import { ServeError } from "../../../src/base/errors.ts";
import type { Reason } from "../../../src/base/errors.ts";
import { silentModelMeter } from "../../../src/base/meter.ts";
import { Channel } from "../../../src/workers/channel.ts";
import { creditWindow } from "../../../src/workers/credit.ts";
import type { WorkerEvent } from "../../../src/workers/messages.ts";
import { FakePort } from "../../fixtures/fake-port.ts";
import { assignment, collect, never, Progress } from "../../fixtures/jobs.ts";

function setUp() {
  const port = new FakePort();
  const busy: boolean[] = [];
  let freed = 0;
  const channel = new Channel({
    port,
    now: () => 42,
    onBusy: (isBusy) => {
      busy.push(isBusy);
      // What the arbiter has to say goes first.
      port.send({ kind: "threads", threads: isBusy ? 2 : 1 });
    },
    onFree: () => freed++,
    meter: silentModelMeter,
  });
  const progress = new Progress();
  const run = (signal: AbortSignal = never) => channel.run({ ...assignment, signal, progress });
  const sent = (kind: string) => port.sent.filter((message) => message.kind === kind);
  return { port, channel, run, sent, busy, progress, freed: () => freed };
}

const piece = (text: string): WorkerEvent => ({ kind: "piece", text });
const finish: WorkerEvent = {
  kind: "finish",
  reason: "stop",
  stopSequence: "",
  usage: { promptTokens: 0, cachedPromptTokens: 0, completionTokens: 0 },
  timings: { queueMs: 0, prefillMs: 0, firstTokenMs: 0, decodeMs: 0, totalMs: 0, meanBatchSize: 1 },
};

/** The reason of whatever the promise throws. */
async function reasonOf(promise: Promise<unknown>): Promise<Reason> {
  const thrown: unknown = await promise.then(
    () => expect.fail("nothing was thrown"),
    (error: unknown) => error,
  );
  return (thrown as ServeError).reason;
}

describe("a job in a channel", () => {
  it("is sent at once, after the worker was told its threads", () => {
    const { port, run } = setUp();
    run();
    expect(port.sent.map(({ kind }) => kind)).toEqual(["threads", "job"]);
  });

  it("gives its own events, in order, to its end", async () => {
    const { channel, run, progress } = setUp();
    const [first, second] = [run(), run()];
    channel.receive([
      { id: 1, event: piece("a") },
      { id: 2, event: piece("b") },
      { id: 1, event: piece("c") },
      { id: 1, event: finish },
      { id: 2, event: finish },
    ]);
    expect(await collect(first)).toEqual([piece("a"), piece("c"), finish]);
    expect(await collect(second)).toEqual([piece("b"), finish]);
    expect(progress).toMatchObject({ given: 3, computed: 42 });
  });

  it("frees its place when the worker is done, however late the end is read", () => {
    const { channel, run, freed, busy } = setUp();
    run();
    channel.receive([{ id: 1, event: finish }]);
    expect([channel.jobs, freed(), busy]).toEqual([0, 1, [true, false]]);
  });

  it("leaves the worker its threads when the next job takes its place at once", () => {
    const port = new FakePort();
    const busy: boolean[] = [];
    let isNext = true;
    const run = () => channel.run(assignment);
    const channel = new Channel({
      port,
      now: () => 42,
      meter: silentModelMeter,
      onBusy: (isBusy) => busy.push(isBusy),
      onFree: () => {
        if (isNext) run();
        isNext = false;
      },
    });
    run();
    channel.receive([{ id: 1, event: finish }]);
    expect([channel.jobs, busy]).toEqual([1, [true]]);
    channel.receive([{ id: 2, event: finish }]);
    expect([channel.jobs, busy]).toEqual([0, [true, false]]);
  });

  it("is not cancelled when it has ended", async () => {
    const { channel, run, sent } = setUp();
    const events = run();
    channel.receive([{ id: 1, event: finish }]);
    await collect(events);
    await events.return();
    expect(sent("cancel")).toEqual([]);
  });

  it("is cancelled once when its reader leaves early", async () => {
    const { channel, run, sent } = setUp();
    const events = run();
    channel.receive([{ id: 1, event: piece("a") }]);
    for await (const event of events) if (event.kind === "piece") break;
    expect(sent("cancel")).toEqual([{ kind: "cancel", id: 1 }]);
    expect(channel.jobs).toBe(0);
  });

  it("is cancelled at once when its signal aborts, and throws the signal's reason", async () => {
    const { channel, run, sent } = setUp();
    const controller = new AbortController();
    const events = run(controller.signal);
    channel.receive([{ id: 1, event: piece("unread") }]);
    controller.abort(new ServeError("DEADLINE_PASSED", "x"));
    expect(sent("cancel")).toEqual([{ kind: "cancel", id: 1 }]);
    expect(await reasonOf(events.next())).toBe("DEADLINE_PASSED");
  });

  it("wakes a waiting reader when its signal aborts", async () => {
    const { run } = setUp();
    const controller = new AbortController();
    const read = collect(run(controller.signal));
    controller.abort(new ServeError("CALLER_GONE", "x"));
    expect(await reasonOf(read)).toBe("CALLER_GONE");
  });

  it("is not sent at all when its signal has aborted before", () => {
    const { run, port } = setUp();
    expect(() => run(AbortSignal.abort(new ServeError("CALLER_GONE", "x")))).toThrow(ServeError);
    expect(port.sent).toEqual([]);
  });

  it("is timed from its cancellation until it is free, and what was wasted is counted", () => {
    const freed: (readonly number[])[] = [];
    let nowMs = 100;
    const channel = new Channel({
      port: new FakePort(),
      now: () => nowMs,
      meter: { ...silentModelMeter, freed: (...told) => freed.push(told) },
      onBusy: () => undefined,
      onFree: () => undefined,
    });
    const controller = new AbortController();
    channel.run({ ...assignment, signal: controller.signal });
    channel.receive([{ id: 1, event: piece("in time") }]);
    controller.abort(new ServeError("CALLER_GONE", "gone"));
    channel.receive([{ id: 1, event: piece("wasted") }]);
    nowMs = 130;
    channel.freed([1, 2]);
    channel.freed([1]);
    expect(freed).toEqual([[30, 1]]);
  });

  it("ignores what comes after it was cancelled", async () => {
    const { channel, run } = setUp();
    const events = run();
    await events.return();
    channel.receive([
      { id: 1, event: piece("late") },
      { id: 1, event: finish },
    ]);
    expect(await collect(events)).toEqual([]);
  });

  it.each([
    {
      title: "a reason of the table as it is",
      reason: "PROMPT_TOO_LONG",
      expected: "PROMPT_TOO_LONG",
    },
    { title: "an unknown reason as INTERNAL", reason: "MADE_UP", expected: "INTERNAL" },
  ])("passes a failure on after the pieces before it: $title", async ({ reason, expected }) => {
    const { channel, run } = setUp();
    const events = run();
    const error = { reason: reason as Reason, message: "x" };
    channel.receive([
      { id: 1, event: piece("a") },
      { id: 1, event: { kind: "failed", error } },
    ]);
    expect((await events.next()).value).toEqual(piece("a"));
    expect(await reasonOf(events.next())).toBe(expected);
    expect(channel.jobs).toBe(0);
  });
});

describe("a worker that has exited", () => {
  it("fails all its jobs at once", async () => {
    const { channel, run, busy } = setUp();
    const reads = [collect(run()), collect(run())];
    channel.close();
    expect(await Promise.all(reads.map(reasonOf))).toEqual(["WORKER_EXITED", "WORKER_EXITED"]);
    expect(busy).toEqual([true, false]);
  });

  it("takes no more", () => {
    const { channel, run } = setUp();
    channel.close();
    expect(() => run()).toThrow(expect.objectContaining({ reason: "WORKER_EXITED" }));
  });
});

describe("credit", () => {
  it("comes back in halves of the window as the reader takes", async () => {
    const { channel, run, sent } = setUp();
    const events = run();
    const half = creditWindow / 2;
    for (let count = 0; count < creditWindow; count++) {
      channel.receive([{ id: 1, event: piece("a") }]);
    }
    expect(sent("credit")).toEqual([]);
    for (let count = 0; count < half; count++) await events.next();
    expect(sent("credit")).toEqual([{ kind: "credit", id: 1, credit: half }]);
    for (let count = 0; count < half; count++) await events.next();
    expect(sent("credit")).toHaveLength(2);
  });

  it("makes a worker idle while all its jobs are parked, and busy before they go on", async () => {
    const { port, channel, run, busy } = setUp();
    const [first, second] = [run(), run()];
    const fill = (id: number) => {
      for (let count = 0; count < creditWindow; count++) {
        channel.receive([{ id, event: piece("a") }]);
      }
    };
    fill(1);
    expect(busy).toEqual([true]);
    fill(2);
    expect(busy).toEqual([true, false]);
    for (let count = 0; count < creditWindow / 2; count++) await second.next();
    expect(busy).toEqual([true, false, true]);
    expect(port.sent.slice(-2).map(({ kind }) => kind)).toEqual(["threads", "credit"]);
    await second.return();
    expect(busy).toEqual([true, false, true, false]);
    await first.return();
    expect(busy).toEqual([true, false, true, false]);
  });

  it("is not given to a job that is over", async () => {
    const { channel, run, sent } = setUp();
    const events = run();
    for (let count = 0; count < creditWindow; count++) {
      channel.receive([{ id: 1, event: piece("a") }]);
    }
    channel.receive([{ id: 1, event: finish }]);
    await collect(events);
    expect(sent("credit")).toEqual([]);
  });
});
