import { describe, expect, it } from "vitest";
import { ServeError } from "../../../src/base/errors.ts";
import type { JobEvent } from "../../../src/engines/engine.ts";
import { embedJob, generateJob } from "../../fixtures/jobs.ts";
import { finish, piece, setUp } from "../../fixtures/played-engine.ts";

const vector = (index: number): JobEvent => ({
  kind: "item",
  index,
  value: { kind: "vector", values: Float32Array.of(1) },
  tokenCount: 1,
  truncated: false,
});
describe("a driver", () => {
  it("sends one message for all that a step gave to all jobs", async () => {
    const { engine, add, steps, rest } = setUp();
    add(1);
    add(2);
    await engine.give([
      [1, piece("a")],
      [2, piece("b")],
      [1, piece("c")],
    ]);
    await rest();
    expect(steps()).toHaveLength(1);
    expect(steps()[0]?.events.map(({ id }) => id)).toEqual([1, 2, 1]);
  });

  it("begins jobs that arrived together in one step", async () => {
    const { engine, add } = setUp();
    add(1);
    add(2);
    await engine.stepping();
    expect(engine.calls).toEqual(["add 1 completion", "add 2 completion", "step"]);
  });

  it("computes a step between jobs that take long to read", async () => {
    const { engine, add } = setUp();
    engine.addMs = 1_000;
    for (const id of [1, 2, 3]) add(id);
    await engine.give([], true);
    await engine.give([], true);
    await engine.stepping();
    const expected = [
      "add 1 completion",
      "step",
      "add 2 completion",
      "step",
      "add 3 completion",
      "step",
    ];
    expect(engine.calls).toEqual(expected);
  });

  it("takes jobs that it reads in no time together, up to a bound", async () => {
    const { engine, add } = setUp();
    engine.addMs = 5;
    for (let id = 1; id <= 6; id += 1) add(id);
    await engine.give([], true);
    await engine.stepping();
    const counts = engine.calls
      .join()
      .split("step")
      .map((calls) => calls.match(/add/g)?.length);
    expect(counts.slice(0, 2)).toEqual([4, 2]);
  });

  it("obeys cancellations before it reads the jobs in front of them, and never reads what they cancel", async () => {
    const { engine, sent, driver, add, rest } = setUp();
    add(1);
    await engine.stepping();
    engine.addMs = 1_000;
    for (const id of [2, 3, 4]) add(id);
    driver.receive({ kind: "cancel", id: 1 });
    driver.receive({ kind: "cancel", id: 3 });
    await engine.give([], true);
    await engine.stepping();
    driver.receive({ kind: "cancel", id: 4 });
    await engine.give([[2, finish]]);
    await rest();
    expect(engine.calls.slice(2)).toEqual(["cancel 1", "add 2 completion", "step"]);
    expect(sent.filter(({ kind }) => kind === "freed")).toEqual([
      { kind: "freed", ids: [1, 3] },
      { kind: "freed", ids: [4] },
    ]);
  });

  it("states a job's deadline by the engine's clock, from when the job came", async () => {
    const { engine, driver, add } = setUp();
    engine.now = 5_000;
    add(1);
    const call = { requestId: "b", priority: "batch", leftMs: 250, credit: 1 } as const;
    driver.receive({ kind: "job", id: 2, job: generateJob("x"), ...call });
    engine.addMs = 1_000;
    await engine.give([], true);
    await engine.stepping();
    expect(engine.contexts).toEqual([
      { requestId: "request-1", priority: "interactive", deadlineMs: Infinity },
      { requestId: "b", priority: "batch", deadlineMs: 5_250 },
    ]);
  });

  it("takes all jobs though none of them gives a step anything to do", async () => {
    const { engine, add, steps, rest } = setUp();
    engine.addMs = 1_000;
    engine.refusal = new ServeError("PROMPT_TOO_LONG", "x");
    for (const id of [1, 2, 3]) add(id);
    await rest();
    expect(steps().flatMap(({ events }) => events.map(({ id }) => id))).toEqual([1, 2, 3]);
  });

  it("calls nothing while a step is under way", async () => {
    const { engine, driver, add, rest } = setUp();
    add(1);
    await engine.stepping();
    driver.receive({ kind: "cancel", id: 1 });
    driver.receive({ kind: "threads", threads: 3 });
    await rest();
    expect(engine.calls.at(-1)).toBe("step");
    await engine.give([], true);
    await engine.stepping();
    expect(engine.calls.slice(-3)).toEqual(["cancel 1", "threads 3", "step"]);
  });

  it("confirms cancellations before the next step, also of jobs that are over", async () => {
    const { engine, sent, driver, add } = setUp();
    add(1);
    await engine.stepping();
    driver.receive({ kind: "cancel", id: 1 });
    driver.receive({ kind: "cancel", id: 7 });
    await engine.give([], true);
    await engine.stepping();
    expect(sent.filter(({ kind }) => kind === "freed")).toEqual([{ kind: "freed", ids: [1, 7] }]);
  });

  it("passes on what the engine says of its step and what it keeps, where it makes sense", async () => {
    const { engine, add, steps, rest } = setUp();
    const memory = { cells: 10, usedCells: 3 };
    const prefixes = { bytes: 9, limitBytes: 10, saved: 3, restored: 2, evicted: 1 };
    Object.assign(engine, { stepJobs: 2, memory, prefixes });
    add(1);
    await engine.give([], true);
    await engine.stepping();
    expect(steps()).toEqual([{ kind: "step", events: [], stepJobs: 2, memory, prefixes }]);
    Object.assign(engine, { stepJobs: NaN, memory: { cells: "many" }, prefixes: { bytes: -1 } });
    await engine.give([[1, finish]]);
    await rest();
    expect(Object.keys(steps()[1]!)).toEqual(["kind", "events"]);
  });

  it("tells what it keeps with every message that could make it unknown", async () => {
    const { engine, driver, sent, add, rest } = setUp();
    const memory = { cells: 10, usedCells: 3 };
    const prefixes = { bytes: 9, limitBytes: 10, saved: 3, restored: 2, evicted: 1 };
    Object.assign(engine, { memory, prefixes });
    engine.refusal = new ServeError("PROMPT_TOO_LONG", "x");
    add(1);
    await rest();
    driver.receive({ kind: "cancel", id: 1 });
    await rest();
    expect(sent).toMatchObject([
      { kind: "step", memory, prefixes },
      { kind: "freed", memory, prefixes },
    ]);
  });

  it("does not step an idle engine", async () => {
    const { engine, add, rest } = setUp();
    add(1);
    await engine.give([[1, finish]]);
    await rest();
    expect(engine.calls.filter((call) => call === "step")).toHaveLength(1);
  });

  it("drops events for jobs that are unknown, cancelled or over, and says so once", async () => {
    const { engine, driver, add, sent, steps, rest } = setUp();
    add(1);
    add(2);
    await engine.stepping();
    driver.receive({ kind: "cancel", id: 2 });
    await engine.give([[1, piece("a")]], true);
    await engine.give([
      [7, piece("lie")],
      [2, piece("late")],
      [1, finish],
      [1, finish],
    ]);
    await rest();
    const events = steps().flatMap((message) => message.events);
    expect(events.map(({ id, event }) => [id, event.kind])).toEqual([
      [1, "piece"],
      [1, "finish"],
    ]);
    expect(sent.filter((message) => message.kind === "log")).toHaveLength(1);
  });

  it("joins a job's items that follow each other into one event", async () => {
    const { engine, add, steps, rest } = setUp();
    add(1, 100, embedJob(["a", "b", "c"]));
    add(2, 100, embedJob(["d"]));
    await engine.give([
      [1, { kind: "started" }],
      [1, vector(0)],
      [1, vector(1)],
      [2, vector(0)],
      [1, vector(2)],
      [1, finish],
    ]);
    await rest();
    const kinds = steps()[0]?.events.map(({ id, event }) =>
      event.kind === "items"
        ? `${id} ${event.items.map(({ index }) => index).join()}`
        : `${id} ${event.kind}`,
    );
    expect(kinds).toEqual(["1 started", "1 0,1", "2 0", "1 2", "1 finish"]);
  });
});

describe("credit", () => {
  it("pauses only the job whose credit is spent, and resumes it when more comes", async () => {
    const { engine, driver, add, rest } = setUp();
    add(1, 1);
    add(2, 5);
    await engine.give([
      [1, piece("a")],
      [2, piece("b")],
    ]);
    await rest();
    expect(engine.calls).toContain("pause 1");
    expect(engine.calls).not.toContain("pause 2");
    driver.receive({ kind: "credit", id: 1, credit: 1 });
    await rest();
    expect(engine.calls.at(-1)).toBe("resume 1");
  });

  it("stays withheld until a step that overdrew it is paid for", async () => {
    const { engine, driver, add, rest } = setUp();
    add(1, 2, embedJob(["a", "b", "c", "d"]));
    await engine.give([
      [1, vector(0)],
      [1, vector(1)],
      [1, vector(2)],
      [1, vector(3)],
    ]);
    driver.receive({ kind: "credit", id: 1, credit: 2 });
    await rest();
    expect(engine.calls.filter((call) => call.startsWith("resume"))).toEqual([]);
    driver.receive({ kind: "credit", id: 1, credit: 1 });
    await rest();
    expect(engine.calls.at(-1)).toBe("resume 1");
  });
});

describe("an engine that throws", () => {
  it.each([
    {
      title: "a ServeError keeps its reason",
      refusal: new ServeError("PROMPT_TOO_LONG", "x"),
      reason: "PROMPT_TOO_LONG",
    },
    { title: "anything else is INTERNAL", refusal: new Error("secret"), reason: "INTERNAL" },
  ])("fails only the job that it refuses: $title", async ({ refusal, reason }) => {
    const { engine, add, steps, broken, rest } = setUp();
    engine.refusal = refusal;
    add(1);
    await rest();
    const [failed] = steps()[0]?.events ?? [];
    expect(failed).toMatchObject({ id: 1, event: { kind: "failed", error: { reason } } });
    expect(JSON.stringify(failed)).not.toContain("secret");
    expect(broken).toEqual([]);
  });

  it("loses what a status could not carry of its error", async () => {
    const { engine, add, steps, rest } = setUp();
    // What a module in JavaScript may well write.
    const facts = { tokens: 12 } as unknown as Record<string, string>;
    add(1);
    const error = { reason: "INPUT_TOO_LONG", message: "x", facts } as const;
    await engine.give([[1, { kind: "failed", error }]]);
    await rest();
    engine.refusal = new ServeError("INPUT_TOO_LONG", "x", { facts });
    add(2);
    await rest();
    const failures = steps().flatMap(({ events }) => events.map(({ event }) => event));
    expect(failures).toHaveLength(2);
    for (const failure of failures) expect(failure).not.toHaveProperty("error.facts");
  });

  it("fails the job alone that was alone in a step", async () => {
    const { engine, add, steps, broken, rest } = setUp();
    add(1);
    await engine.breakStep();
    await rest();
    expect(engine.calls).toContain("cancel 1");
    add(2);
    await engine.give([[2, finish]]);
    await rest();
    const ends = steps().flatMap(({ events }) => events.map(({ id, event }) => [id, event.kind]));
    expect(ends).toEqual([
      [1, "failed"],
      [2, "finish"],
    ]);
    expect(JSON.stringify(steps())).not.toContain("broken");
    expect(broken).toEqual([]);
  });

  it("is given the jobs of a step one at a time, and fails the one that throws alone", async () => {
    const { engine, add, steps, broken, rest } = setUp();
    for (const id of [1, 2, 3]) add(id);
    await engine.give([[3, piece("given")]], true);
    await engine.breakStep();
    await engine.stepping();
    // The third had given something. The first is tried.
    expect(engine.calls.slice(-5)).toEqual([
      "cancel 1",
      "cancel 2",
      "cancel 3",
      "add 1 completion",
      "step",
    ]);
    await engine.breakStep();
    await engine.stepping();
    expect(engine.calls.slice(-3)).toEqual(["cancel 1", "add 2 completion", "step"]);
    add(4);
    await engine.give([[2, piece("b")]], true);
    await engine.stepping();
    expect(engine.calls.slice(-2)).toEqual(["add 4 completion", "step"]);
    await engine.give([
      [2, finish],
      [4, finish],
    ]);
    await rest();
    const ends = steps()
      .flatMap(({ events }) => events.map(({ id, event }) => `${id} ${event.kind}`))
      .filter((end) => !end.endsWith("piece"));
    expect(ends).toEqual(["3 failed", "1 failed", "2 finish", "4 finish"]);
    expect(broken).toEqual([]);
  });

  it("does not hear of a job again that was cancelled before its trial", async () => {
    const { engine, driver, add, rest } = setUp();
    for (const id of [1, 2]) add(id);
    await engine.breakStep();
    await engine.stepping();
    driver.receive({ kind: "cancel", id: 2 });
    await engine.give([[1, finish]]);
    await rest();
    expect(engine.calls.filter((call) => call === "add 2 completion")).toHaveLength(1);
  });

  it("is broken when it throws in sixteen steps and gives nothing, and is not called again", async () => {
    const { engine, driver, add, broken, rest } = setUp();
    for (let id = 1; id <= 17; id++) {
      add(id);
      await engine.breakStep();
      await rest();
    }
    expect(broken).toHaveLength(1);
    driver.receive({ kind: "threads", threads: 1 });
    await rest();
    expect(engine.calls.at(-1)).toBe("step");
  });
});

it("fails the job alone for which an engine sends a malformed event", async () => {
  const { engine, add, broken, steps, rest } = setUp();
  add(1);
  add(2);
  await engine.give([
    [1, { kind: "piece" } as JobEvent],
    [2, finish],
  ]);
  await rest();
  const events = steps().flatMap((step) => step.events);
  expect(events).toMatchObject([
    { id: 1, event: { kind: "failed", error: { reason: "INTERNAL" } } },
    { id: 2, event: { kind: "finish" } },
  ]);
  expect(engine.calls).toContain("cancel 1");
  expect(broken).toEqual([]);
});

it("stops after the step under way, then closes the engine", async () => {
  const { engine, driver, add, steps } = setUp();
  add(1);
  await engine.stepping();
  const stopped = driver.stop();
  await engine.give([[1, piece("last")]], true);
  await stopped;
  expect(engine.calls.slice(-2)).toEqual(["step", "close"]);
  expect(steps()).toHaveLength(1);
});
