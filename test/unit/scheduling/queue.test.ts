import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ServeError } from "../../../src/base/errors.ts";
import { admit } from "../../../src/scheduling/admission.ts";
import { Queue } from "../../../src/scheduling/queue.ts";
import { never } from "../../fixtures/jobs.ts";

describe("admission", () => {
  it.each([
    { waiting: 0, maxWaiting: 1, kind: "accept" },
    { waiting: 1, maxWaiting: 1, kind: "refuse" },
    { waiting: 0, maxWaiting: 0, kind: "refuse" },
  ])("$kind: $waiting wait and $maxWaiting may", ({ waiting, maxWaiting, kind }) => {
    expect(admit({ waiting, slots: 1, meanServiceMs: 0 }, maxWaiting).kind).toBe(kind);
  });

  it.each([
    { title: "the queue's length in service times", load: [9, 2, 1000], expected: 5000 },
    { title: "soon where nothing is known", load: [9, 2, 0], expected: 100 },
    { title: "not for ever", load: [9, 1, 1e9], expected: 30_000 },
    { title: "while no worker is ready", load: [3, 0, 1000], expected: 4000 },
  ])("says when to come back: $title", ({ load, expected }) => {
    const [waiting = 0, slots = 0, meanServiceMs = 0] = load;
    expect(admit({ waiting, slots, meanServiceMs }, 1)).toEqual({
      kind: "refuse",
      retryAfterMs: expected,
    });
  });
});

/** A queue before some places, and the jobs in the order of their starts. */
function setUp({ places = 0, maxWaiting = 10 } = {}) {
  let free = places;
  const started: string[] = [];
  const queue = new Queue<number>({
    take: () => (free > 0 ? free : undefined),
    slots: () => places,
    maxWaiting,
  });
  const enter = (name: string, { signal = never, isRetry = false } = {}) =>
    queue.run({
      signal,
      isRetry,
      start: () => {
        free--;
        started.push(name);
        return name;
      },
    });
  const release = () => {
    free++;
    queue.pump();
  };
  /** A place becomes free and nobody has heard of it yet. */
  const vacate = () => free++;
  return { queue, enter, release, vacate, started };
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
    expect(queue.waiting).toBe(0);
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
    expect(queue.waiting).toBe(1);
  });

  it("passes on what a start throws, and starts the next", async () => {
    const { queue, enter, release, started } = setUp();
    const failing = queue.run({
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
    expect(queue.waiting).toBe(0);
  });

  it("refuses with a time that follows how long jobs take", async () => {
    const { enter, queue } = setUp({ places: 1, maxWaiting: 0 });
    await enter("a");
    queue.noteService(2000);
    await expect(enter("b")).rejects.toMatchObject({ retryAfterMs: 2000 });
    for (let count = 0; count < 100; count++) queue.noteService(500);
    await expect(enter("b")).rejects.toMatchObject({ retryAfterMs: 500 });
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
