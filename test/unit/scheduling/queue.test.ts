import { describe, expect, it } from "vitest";
import { ServeError } from "../../../src/base/errors.ts";
import { GlobalLimit } from "../../../src/scheduling/global-limit.ts";
import { never } from "../../fixtures/jobs.ts";
import { defaults, type Options, setUp } from "./queue-set-up.ts";

describe("a queue", () => {
  it("starts a job at once where there is a place, also when none may wait", async () => {
    const { enter } = setUp({ places: 1, maxWaiting: 0 });
    expect(await enter("a")).toBe("a");
    await expect(enter("b")).rejects.toMatchObject({ reason: "QUEUE_FULL", retryAfterMs: 1000 });
  });

  it("starts first who came first", async () => {
    const { enter, release, started } = setUp();
    const waiting = ["a", "b", "c"].map((name) => enter(name));
    for (let count = 0; count < 3; count++) release();
    await Promise.all(waiting);
    expect(started).toEqual(["a", "b", "c"]);
  });

  it("keeps a place that batch jobs may not have for interactive ones, who need not wait for it", async () => {
    const { queue, enter, release, started } = setUp({ places: 2, reserved: 1 });
    const batch = { priority: "batch" } as const;
    const waiting = [enter("a", batch), enter("b", batch), enter("c", batch)];
    await enter("d");
    expect(started).toEqual(["a", "d"]);
    expect(queue.state.waiting).toBe(2);
    release();
    expect(started).toEqual(["a", "d"]);
    release();
    release();
    await Promise.all(waiting);
    expect(started).toEqual(["a", "d", "b", "c"]);
  });

  it("says with each place how many interactive jobs wanted one at once of late", async () => {
    const { enter, end, release, wanted, clock } = setUp({ places: 2 });
    const batch = { ...defaults, priority: "batch" } as const;
    for (const name of ["a", "b"]) await enter(name);
    const third = enter("c");
    for (let count = 0; count < 3; count += 1) {
      end(10);
      release();
    }
    await third;
    await enter("d", batch);
    expect(wanted()).toBe(3);
    end(10, { ticket: batch });
    release();
    clock.advance(29_000);
    await enter("e", batch);
    expect(wanted()).toBe(3);
    clock.advance(60_000);
    end(10, { ticket: batch });
    release();
    await enter("f", batch);
    expect(wanted()).toBe(0);
  });

  it("lets nobody pass those who wait", async () => {
    const { enter, release, vacate, started } = setUp();
    void enter("a");
    vacate();
    const late = enter("b");
    release();
    await late;
    expect(started).toEqual(["a", "b"]);
  });

  it("puts a retry in front, also when the queue is full", async () => {
    const { enter, release, started } = setUp({ maxWaiting: 1 });
    void enter("a");
    const retry = enter("again", { isRetry: true });
    release();
    await retry;
    expect(started).toEqual(["again"]);
  });

  it("lets go at once of whoever leaves, with the signal's reason", async () => {
    const { enter, queue, release, started } = setUp({ maxWaiting: 1 });
    const controller = new AbortController();
    const left = enter("a", { signal: controller.signal });
    controller.abort(new ServeError("DEADLINE_PASSED", "x"));
    expect(queue.state.waiting).toBe(0);
    await expect(left).rejects.toMatchObject({ reason: "DEADLINE_PASSED" });
    const next = enter("b");
    release();
    await next;
    expect(started).toEqual(["b"]);
  });

  it("does not even look at a job whose caller has left", async () => {
    const { enter, started } = setUp({ places: 1 });
    const signal = AbortSignal.abort(new ServeError("CALLER_GONE", "x"));
    await expect(enter("a", { signal })).rejects.toMatchObject({ reason: "CALLER_GONE" });
    expect(started).toEqual([]);
  });

  it("ignores an abort after the start", async () => {
    const { enter, queue } = setUp({ places: 1 });
    const controller = new AbortController();
    await enter("a", { signal: controller.signal });
    void enter("b").catch(() => undefined);
    controller.abort(new Error("late"));
    expect(queue.state.waiting).toBe(1);
  });

  it("passes on what a start throws, and starts the next", async () => {
    const { queue, enter, release, started } = setUp();
    const failing = queue.run({
      ticket: defaults,
      expiresAt: Infinity,
      signal: never,
      isRetry: false,
      start: () => {
        throw new ServeError("WORKER_EXITED", "x");
      },
    });
    const next = enter("b");
    release();
    await expect(failing).rejects.toMatchObject({ reason: "WORKER_EXITED" });
    await next;
    expect(started).toEqual(["b"]);
  });

  it("fails all who wait when told", async () => {
    const { enter, queue } = setUp();
    const waiting = [enter("a"), enter("b")];
    queue.fail(new ServeError("MODEL_FAILED", "x"));
    for (const job of waiting) await expect(job).rejects.toMatchObject({ reason: "MODEL_FAILED" });
    expect(queue.state.waiting).toBe(0);
  });

  it("refuses with a time that follows how long jobs take, and gives each its turn", async () => {
    const { enter, end, clock } = setUp({ places: 1, maxWaiting: 0 });
    await enter("a");
    end(2000);
    await expect(enter("b")).rejects.toMatchObject({ retryAfterMs: 2000 });
    await expect(enter("c")).rejects.toMatchObject({ retryAfterMs: 4000 });
    clock.advance(10_000);
    await expect(enter("d")).rejects.toMatchObject({ retryAfterMs: 2000 });
  });

  it("tells interactive callers nothing of the turns that batch callers were promised", async () => {
    const { enter, end, release } = setUp({ places: 1, maxWaiting: 8 });
    const batch = { ...defaults, caller: "b", priority: "batch" } as const;
    await enter("a");
    end(1000);
    release();
    await enter("b", batch);
    end(9000, { ticket: batch });
    for (let count = 0; count < 7; count += 1) void enter(`waiting ${count}`);
    void enter("waiting b", batch);
    for (const turn of [25_000, 25_000]) {
      await expect(enter("refused b", batch)).rejects.toMatchObject({ retryAfterMs: turn });
    }
    await expect(enter("refused")).rejects.toMatchObject({ retryAfterMs: 8000 });
    await expect(enter("refused")).rejects.toMatchObject({ retryAfterMs: 9000 });
  });

  it("says which bound was reached, and whose", async () => {
    const globalLimit = new GlobalLimit({ jobs: 2, tokens: 1e9 });
    const one = setUp({ globalLimit, maxTokens: 25 });
    const other = setUp({ globalLimit });
    void one.enter("a");
    const large = one.enter("b", { tokens: 20 });
    await expect(large).rejects.toMatchObject({
      reason: "QUEUE_FULL",
      facts: { bound: "tokens", scope: "model", waiting: "1", waitingTokens: "10" },
    });
    void other.enter("c");
    await expect(other.enter("d")).rejects.toMatchObject({
      facts: { bound: "jobs", scope: "server", waiting: "1" },
    });
  });

  it("has a flooder's newest job make room for another caller's, also in another queue", async () => {
    const globalLimit = new GlobalLimit({ jobs: 3, tokens: 1e9 });
    const one = setUp({ globalLimit });
    const other = setUp({ globalLimit });
    const flood = ["a", "b", "c"].map((name) => one.enter(name, { caller: "flooder" }));
    const small = other.enter("d", { caller: "small" });
    await expect(flood[2]).rejects.toMatchObject({
      reason: "QUEUE_FULL",
      retryAfterMs: 3000,
      facts: { bound: "jobs", scope: "server" },
    });
    other.release();
    expect(await small).toBe("d");
    expect(one.queue.state).toMatchObject({ waiting: 2, refused: { QUEUE_FULL: 1 } });
  });

  it("makes nobody leave for a job that is refused after all", async () => {
    const globalLimit = new GlobalLimit({ jobs: 100, tokens: 40 });
    const { enter, queue } = setUp({ globalLimit, maxWaiting: 2 });
    void enter("a", { caller: "flooder" });
    void enter("b", { caller: "flooder" });
    await expect(enter("c", { caller: "other", tokens: 100 })).rejects.toMatchObject({
      facts: { bound: "tokens", scope: "server" },
    });
    expect(queue.state.waiting).toBe(2);
  });

  it("starts callers in turns", async () => {
    const { enter, release, started } = setUp();
    const all = ["a1", "a2", "a3", "b1"].map((name) => enter(name, { caller: name.slice(0, 1) }));
    for (let count = 0; count < all.length; count++) release();
    await Promise.all(all);
    expect(started).toEqual(["a1", "b1", "a2", "a3"]);
  });
});

describe("a deadline", () => {
  /** One place, taken by a job of one second; one waits. */
  async function busy(options: Options = {}) {
    const set = setUp({ places: 1, ...options });
    await set.enter("first");
    set.end(1000, { firstOutputMs: 200 });
    void set.enter("waiting");
    return set;
  }

  it("learns nothing of interactive jobs from batch jobs, which take long beside them", async () => {
    const { enter, end, queue } = await busy({ maxWaiting: 2 });
    const batch = { ...defaults, priority: "batch" } as const;
    for (let count = 0; count < 20; count += 1) end(60_000, { ticket: batch });
    await expect(enter("late", { ...batch, expiresAt: 30_000 })).rejects.toMatchObject({
      reason: "WOULD_EXPIRE",
    });
    void enter("in time", { expiresAt: 2001 });
    expect(queue.state.waiting).toBe(2);
    await expect(enter("refused")).rejects.toMatchObject({ retryAfterMs: 3000 });
  });

  it("refuses at once what would end too late, and does not count it as waiting", async () => {
    const { enter, queue } = await busy();
    await expect(enter("late", { expiresAt: 1999 })).rejects.toMatchObject({
      reason: "WOULD_EXPIRE",
      code: "DEADLINE_EXCEEDED",
      facts: { neededMs: "2000", leftMs: "1999" },
    });
    expect(queue.state).toMatchObject({ waiting: 1, refused: { WOULD_EXPIRE: 1 } });
    void enter("in time", { expiresAt: 2000 });
    expect(queue.state.waiting).toBe(2);
  });

  it("counts what waits ahead of that caller, not of another", async () => {
    const { enter, queue } = await busy();
    void enter("other", { caller: "y", expiresAt: 1000 });
    expect(queue.state.waiting).toBe(2);
  });

  it("refuses nothing where it is switched off", async () => {
    const { enter, queue } = await busy({ refusesLate: false });
    void enter("late", { expiresAt: 1 });
    expect(queue.state.waiting).toBe(2);
  });

  it("refuses nothing where a place is free: only running shows how long jobs take now", async () => {
    const { enter, end, release } = setUp({ places: 1 });
    await enter("slow");
    end(60_000, { firstOutputMs: 50_000 });
    release();
    expect(await enter("hurried", { expiresAt: 100 })).toBe("hurried");
  });

  it("keeps a job from the engine once it has passed, also where its timer is late", async () => {
    const { enter, release, clock, started, queue } = setUp();
    const late = enter("late", { expiresAt: 500 });
    const next = enter("next");
    clock.advance(500);
    release();
    await expect(late).rejects.toMatchObject({ reason: "DEADLINE_PASSED" });
    expect(await next).toBe("next");
    expect(started).toEqual(["next"]);
    expect(queue.state.expired).toEqual({ queued: 1, running: 0 });
  });
});

it("counts what became of jobs, by where they were", async () => {
  const { enter, end, queue } = setUp({ places: 3 });
  const gone = new ServeError("CALLER_GONE", "x");
  const passed = new ServeError("DEADLINE_PASSED", "x");
  for (const name of ["a", "b", "c"]) await enter(name);
  const leaving = new AbortController();
  const left = enter("d", { signal: leaving.signal, tokens: 7 });
  expect(queue.state).toMatchObject({ waiting: 1, waitingTokens: 7, running: 3, started: 3 });
  leaving.abort(gone);
  await expect(left).rejects.toBe(gone);
  end(10, { error: gone });
  end(10, { error: passed });
  end(10);
  expect(queue.state).toEqual({
    waiting: 0,
    waitingTokens: 0,
    running: 0,
    started: 3,
    refused: { QUEUE_FULL: 0, WOULD_EXPIRE: 0 },
    expired: { queued: 0, running: 1 },
    left: { queued: 1, running: 1 },
  });
});
