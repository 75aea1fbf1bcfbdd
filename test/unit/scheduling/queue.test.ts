import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ServeError } from "../../../src/base/errors.ts";
import { type Ending, Queue } from "../../../src/scheduling/queue.ts";
import type { Ticket } from "../../../src/scheduling/ticket.ts";
import { WaitingRoom } from "../../../src/scheduling/waiting-room.ts";
import { FakeClock } from "../../fixtures/fake-clock.ts";
import { never } from "../../fixtures/jobs.ts";

const bounds = { jobs: 1000, tokens: 1e9 };

interface Options {
  readonly places?: number;
  /** Of the places, those that batch jobs leave free. */
  readonly reserved?: number;
  readonly maxWaiting?: number;
  readonly maxTokens?: number;
  readonly room?: WaitingRoom;
  readonly refusesLate?: boolean;
}

type Caller = Partial<Ticket> & {
  readonly signal?: AbortSignal;
  readonly isRetry?: boolean;
  readonly expiresAt?: number;
};

const defaults: Ticket = { caller: "x", priority: "interactive", promptTokens: 10, tokens: 10 };

/** A queue before some places, and the jobs in the order of their starts. */
function setUp(options: Options = {}) {
  const { places = 0, reserved = 0, maxWaiting = 10, maxTokens = 1e9 } = options;
  let free = places;
  const started: string[] = [];
  const clock = new FakeClock();
  const queue = new Queue<number>({
    take: (priority) => (free > (priority === "batch" ? reserved : 0) ? free : undefined),
    slots: () => places,
    bounds: { jobs: maxWaiting, tokens: maxTokens },
    room: options.room ?? new WaitingRoom(bounds),
    refusesLate: options.refusesLate ?? true,
    now: clock.now,
  });
  const enter = (name: string, parts: Caller = {}) => {
    const { signal = never, isRetry = false, expiresAt = Infinity, ...ticket } = parts;
    return queue.run({
      ticket: { ...defaults, ...ticket },
      signal,
      isRetry,
      expiresAt,
      start: () => {
        free--;
        started.push(name);
        return name;
      },
    });
  };
  /** A job that ran has ended, and took so long. */
  const end = (heldMs: number, parts: Partial<Ending> = {}) =>
    queue.end({
      ticket: defaults,
      heldMs,
      firstOutputMs: undefined,
      generatedTokens: 0,
      error: undefined,
      ...parts,
    });
  const release = () => {
    free++;
    queue.pump();
  };
  /** A place becomes free and nobody has heard of it yet. */
  const vacate = () => free++;
  return { queue, enter, end, release, vacate, started, clock };
}

describe("a queue", () => {
  it("starts a job at once where there is a place, also when none may wait", async () => {
    const { enter } = setUp({ places: 1, maxWaiting: 0 });
    expect(await enter("a")).toBe("a");
    await expect(enter("b")).rejects.toMatchObject({ reason: "QUEUE_FULL", retryAfterMs: 100 });
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
    const room = new WaitingRoom({ jobs: 2, tokens: 1e9 });
    const one = setUp({ room, maxTokens: 25 });
    const other = setUp({ room });
    void one.enter("a");
    const large = one.enter("b", { tokens: 20 });
    await expect(large).rejects.toMatchObject({
      reason: "QUEUE_FULL",
      facts: { bound: "tokens", scope: "model", waiting: "1", waiting_tokens: "10" },
    });
    void other.enter("c");
    await expect(other.enter("d")).rejects.toMatchObject({
      facts: { bound: "jobs", scope: "server", waiting: "1" },
    });
  });

  it("has a flooder's newest job make room for another caller's, also in another queue", async () => {
    const room = new WaitingRoom({ jobs: 3, tokens: 1e9 });
    const one = setUp({ room });
    const other = setUp({ room });
    const flood = ["a", "b", "c"].map((name) => one.enter(name, { caller: "flooder" }));
    const small = other.enter("d", { caller: "small" });
    await expect(flood[2]).rejects.toMatchObject({
      reason: "QUEUE_FULL",
      retryAfterMs: 100,
      facts: { bound: "jobs", scope: "server" },
    });
    other.release();
    expect(await small).toBe("d");
    expect(one.queue.state).toMatchObject({ waiting: 2, refused: { QUEUE_FULL: 1 } });
  });

  it("makes nobody leave for a job that is refused after all", async () => {
    const room = new WaitingRoom({ jobs: 100, tokens: 40 });
    const { enter, queue } = setUp({ room, maxWaiting: 2 });
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
      facts: { needed_ms: "2000", left_ms: "1999" },
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

it("loses no job and starts none twice, whatever happens in what order", async () => {
  const action = fc.constantFrom("enter", "leave", "release");
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
      const { queue, enter, release, started } = setUp({ places: 1, maxWaiting: 5 });
      const ends: Promise<string>[] = [];
      const callers: AbortController[] = [];
      for (const [index, what] of actions.entries()) {
        if (what === "release") release();
        else if (what === "leave") callers.shift()?.abort(new Error("left"));
        else {
          const caller = new AbortController();
          callers.push(caller);
          const job = enter(String(index), { signal: caller.signal });
          ends.push(
            job.then(
              () => "started",
              () => "ended",
            ),
          );
        }
      }
      queue.fail(new ServeError("SHUTTING_DOWN", "x"));
      const outcomes = await Promise.all(ends);
      expect(outcomes.filter((outcome) => outcome === "started")).toHaveLength(started.length);
      expect(new Set(started).size).toBe(started.length);
      expect(started.map(Number)).toEqual(started.map(Number).sort((a, b) => a - b));
    }),
  );
});
