/** An engine that is a program, on a real one: `test/fixtures/program` acts out what it is asked. */
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { ErrorData } from "../../src/base/errors.ts";
import type {
  Engine,
  EngineHost,
  Job,
  JobEvent,
  ModelSource,
  StepEvent,
} from "../../src/engines/engine.ts";
import { loadProgram, programCommand } from "../../src/engines/process/index.ts";
import { context, embedJob, generateJob, sampling, vectorsIn } from "../fixtures/jobs.ts";

const path = fileURLToPath(new URL("../fixtures/program", import.meta.url));

interface Opened {
  readonly engine: Engine;
  readonly logged: string[];
  readonly ends: unknown[];
}

const engines: Engine[] = [];

afterEach(async () => {
  await Promise.all(engines.splice(0).map(async (engine) => engine.close()));
});

async function open(
  options: ModelSource["options"] = {},
  { maxStepMs = 60_000, file = path } = {},
): Promise<Opened> {
  const logged: string[] = [];
  const ends: unknown[] = [];
  const host: EngineHost = {
    progress: () => undefined,
    log: (level, message, requestId = "-") => logged.push(`${level} ${requestId} ${message}`),
    now: () => performance.now(),
    maxStepMs,
  };
  const source: ModelSource = {
    name: "m",
    files: {},
    chatTemplate: undefined,
    contextLength: undefined,
    maxSequences: undefined,
    options,
    threads: 3,
  };
  const load = loadProgram(programCommand(file), process.env, (exit) => {
    ends.push(exit);
    engine?.wake?.();
  });
  let engine: Engine | undefined = undefined;
  engine = await load(source, host);
  engines.push(engine);
  return { engine, logged, ends };
}

/** Steps until what was asked for is there, or the program has ended. */
async function stepUntil(
  { engine, ends }: Opened,
  isThere: (events: readonly StepEvent[]) => boolean,
): Promise<readonly StepEvent[]> {
  const events: StepEvent[] = [];
  while (!isThere(events) && ends.length === 0) events.push(...(await engine.step()));
  return events;
}

const isLast = ({ kind }: JobEvent): boolean => kind === "finish" || kind === "failed";

/** Runs jobs to their ends, and gives each one's events. */
async function run(opened: Opened, ...jobs: Job[]): Promise<readonly (readonly JobEvent[])[]> {
  jobs.forEach((job, id) => opened.engine.add(id, job, context));
  const all = await stepUntil(opened, (events) => lastOf(events) === jobs.length);
  return jobs.map((_, id) => eventsOf(all, id));
}

const lastOf = (events: readonly StepEvent[]): number =>
  events.filter(({ event }) => isLast(event)).length;
const eventsOf = (events: readonly StepEvent[], id: number): readonly JobEvent[] =>
  events.flatMap((each) => (each.id === id ? each.event : []));
const piecesOf = (events: readonly JobEvent[]): readonly string[] =>
  events.flatMap((event) => (event.kind === "piece" ? event.text : []));
const failureOf = (events: readonly JobEvent[]): ErrorData | undefined =>
  events.flatMap((event) => (event.kind === "failed" ? event.error : [])).at(0);

describe("a program that generates", () => {
  it("streams its pieces, and what came together leaves together", async () => {
    const [events = []] = await run(await open(), generateJob("say one two"));
    expect(events.map(({ kind }) => kind)).toEqual(["started", "piece", "piece", "finish"]);
    expect(piecesOf(events)).toEqual(["one", "two"]);
    expect(events.at(-1)).toMatchObject({
      reason: "stop",
      usage: { promptTokens: 3, completionTokens: 2 },
    });
  });

  it("ends at max_tokens and at a stop sequence that lies across pieces, and is told", async () => {
    const opened = await open();
    const [short = [], stopped = []] = await run(
      opened,
      generateJob("count 1000000", { sampling: { ...sampling, maxTokens: 5 } }),
      generateJob("count 1000000", { stop: ["3 4"] }),
    );
    expect(piecesOf(short)).toEqual(["1 ", "2 ", "3 ", "4 ", "5 "]);
    expect(short.at(-1)).toMatchObject({ reason: "length", usage: { completionTokens: 5 } });
    expect(piecesOf(stopped).join("")).toBe("1 2 ");
    expect(stopped.at(-1)).toMatchObject({ reason: "stop_sequence", stopSequence: "3 4" });
    // Both places are free again.
    const [again = []] = await run(opened, generateJob("say again"));
    expect(piecesOf(again)).toEqual(["again"]);
  });

  it("gives credit back as pieces are taken", async () => {
    const [events = []] = await run(await open(), generateJob("count 1000"));
    expect(piecesOf(events)).toHaveLength(1000);
  });

  it("is given no credit while its job is paused", async () => {
    const opened = await open();
    const { engine } = opened;
    engine.add(1, generateJob("count 1000"), context);
    await stepUntil(opened, (events) => events.length > 0);
    engine.pause(1);
    // Whatever it can send has come once another job has been served.
    engine.add(2, generateJob("say there"), context);
    const events = await stepUntil(opened, (given) => lastOf(given) === 1);
    expect(piecesOf(eventsOf(events, 1)).length).toBeLessThanOrEqual(128);
    expect(engine.busy).toBe(false);
    engine.resume(1);
    const rest = await stepUntil(opened, (given) => lastOf(given) === 1);
    const numbers = piecesOf(eventsOf([...events, ...rest], 1));
    expect(numbers.at(-1)).toBe("1000 ");
  });

  it("fails a job that gets more than its credit", async () => {
    const opened = await open();
    const [events = []] = await run(opened, generateJob("flood 500"));
    expect(failureOf(events)).toMatchObject({ reason: "INTERNAL", message: "internal error" });
    expect(opened.logged.join("\n")).toContain("more pieces than it had credit for");
  });

  it("tells callers what it refuses, and hides other errors, which the log has", async () => {
    const opened = await open();
    const [refused = [], failed = []] = await run(
      opened,
      generateJob("fail FIELD_INVALID"),
      generateJob("fail INTERNAL"),
    );
    expect(failureOf(refused)).toMatchObject({
      reason: "FIELD_INVALID",
      message: "it fails",
      violations: [{ field: "prompt", reason: "TOO_LONG", description: "too long" }],
    });
    expect(failureOf(failed)).toEqual({ reason: "INTERNAL", message: "internal error" });
    expect(opened.logged).toContain("error request-1 generate failed: it fails\nin line 3");
  });

  it("ends a step in which others are paused, so that they get their turn", async () => {
    const opened = await open();
    const { engine } = opened;
    engine.add(1, generateJob("silent"), context);
    engine.add(2, generateJob("say two"), context);
    engine.pause(2);
    const given = [...(await engine.step()), ...(await engine.step())];
    expect(given.map(({ id, event }) => [id, event.kind])).toEqual([[1, "started"]]);
    engine.resume(2);
    const events = await stepUntil(opened, (all) => lastOf(all) === 1);
    expect(piecesOf(eventsOf(events, 2))).toEqual(["two"]);
  });

  it("takes as many jobs as it says; the others wait, also for one that was cancelled", async () => {
    const opened = await open();
    const { engine } = opened;
    engine.add(1, generateJob("deaf"), context);
    engine.add(2, generateJob("wait"), context);
    engine.add(3, generateJob("say three"), context);
    await stepUntil(
      opened,
      (events) => events.filter(({ event }) => event.kind === "piece").length === 2,
    );
    engine.cancel(1);
    // The first goes on although it was cancelled, so that the third does not begin.
    const step = engine.step();
    engine.wake?.();
    expect(await step).toEqual([]);
    engine.cancel(2);
    const events = await stepUntil(opened, (given) => lastOf(given) === 1);
    expect(piecesOf(eventsOf(events, 3))).toEqual(["three"]);
  });
});

describe("a program that embeds", () => {
  it("computes the texts of all who wait together", async () => {
    const opened = await open();
    const [one = [], other = []] = await run(opened, embedJob(["a", "bb"]), embedJob(["ccc"]));
    expect(vectorsIn(one).map(({ values }) => [...values])).toEqual([
      [1, 3],
      [2, 3],
    ]);
    expect(vectorsIn(other).map(({ values, tokenCount }) => [...values, tokenCount])).toEqual([
      [3, 3, 2],
    ]);
    expect(one.at(-1)).toMatchObject({
      usage: { promptTokens: 4 },
      timings: { meanBatchSize: 3 },
    });
    expect(opened.engine.stepJobs).toBe(3);
  });

  it("takes turns, so that one text does not wait behind many", async () => {
    const opened = await open();
    const { engine } = opened;
    engine.add(1, embedJob(["hold"]), context);
    await engine.step();
    const many = Array.from({ length: 20 }, () => "x");
    for (const id of [2, 3, 4, 5]) engine.add(id, embedJob(many), context);
    engine.add(6, embedJob(["yy"]), context);
    engine.cancel(1);
    const events = await stepUntil(opened, (given) => lastOf(given) === 5);
    const order = events.filter(({ event }) => isLast(event)).map(({ id }) => id);
    expect(order[0]).toBe(6);
  });

  it("fails the caller of a bad text, and no other", async () => {
    const opened = await open();
    const [good = [], bad = []] = await run(opened, embedJob(["a"]), embedJob(["bad"]));
    expect(vectorsIn(good).map(({ values }) => [...values])).toEqual([[1, 1]]);
    expect(failureOf(bad)).toMatchObject({ reason: "INTERNAL" });
  });

  it("gives a text its own error", async () => {
    const [events = []] = await run(await open(), embedJob(["item", "a"]));
    expect(vectorsIn(events).map(({ error, values }) => error?.reason ?? [...values])).toEqual([
      "INPUT_UNREADABLE",
      [1, 2],
    ]);
    expect(events.at(-1)?.kind).toBe("finish");
  });

  it("fails on vectors of the wrong length", async () => {
    const opened = await open();
    const [events = []] = await run(opened, embedJob(["short"]));
    expect(failureOf(events)).toMatchObject({ reason: "INTERNAL" });
    expect(opened.logged.join("\n")).toContain("sent 4 bytes, but 1 vectors of 2 numbers are 8");
  });
});

describe("a program's life", () => {
  it("says why it cannot load", async () => {
    await expect(open({ load: "fail" })).rejects.toThrow("model.py:3: it fails");
    await expect(open({ load: "babble" })).rejects.toThrow("does not speak the engine protocol");
    await expect(open({ protocol: 2 })).rejects.toThrow("version 2 of the engine protocol");
    await expect(open({ tasks: { embed: { dimensions: 0 } } })).rejects.toThrow(
      "tasks.embed.dimensions must be a whole number",
    );
    await expect(open({ tasks: {} })).rejects.toThrow("none of the tasks");
    await expect(open({}, { file: "/nowhere/engine" })).rejects.toThrow(/^engine could not be/);
    const text = fileURLToPath(import.meta.url);
    await expect(open({}, { file: text })).rejects.toThrow("run chmod +x program.test.ts");
  });

  it.each([
    ["exit 3", { code: 3, signal: null }],
    ["kill SIGSEGV", { code: null, signal: "SIGSEGV" }],
    ["babble", { code: null, signal: "SIGKILL" }],
  ])("ends the worker as it ends: %s", async (prompt, exit) => {
    const opened = await open();
    await run(opened, generateJob(prompt));
    expect(opened.ends).toEqual([exit]);
  });

  it("is ended where it gives nothing for too long", async () => {
    const opened = await open({}, { maxStepMs: 400 });
    await run(opened, generateJob("silent"));
    expect(opened.ends).toEqual([{ code: null, signal: "SIGKILL" }]);
    expect(opened.logged.join("\n")).toMatch(/generate hangs: it gave nothing .* still answers/);
  });

  it.each([
    ["print", "printed", "info - line 7"],
    ["log", "logged", "warn - word 7"],
  ])("may %s what it likes, and the log has some of it", async (act, what, line) => {
    const opened = await open();
    const [events = []] = await run(opened, generateJob(`${act} 50000`));
    expect(events.at(-1)?.kind).toBe("finish");
    const leftOut = new RegExp(String.raw`\d+,\d+ ${what} lines were left out`);
    await vi.waitFor(() => expect(opened.logged.join("\n")).toMatch(leftOut), 30_000);
    expect(opened.logged.length).toBeLessThan(10_000);
    expect(opened.logged).toContain(line);
  });

  it("takes with it what it has started", async () => {
    const opened = await open();
    const [events = []] = await run(opened, generateJob("leave"));
    const pid = Number(piecesOf(events)[0]);
    await opened.engine.close();
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow("ESRCH"), 30_000);
  });

  it("has its share of the cores", async () => {
    const [events = []] = await run(await open(), generateJob("variable OMP_NUM_THREADS"));
    expect(piecesOf(events)).toEqual([process.env["OMP_NUM_THREADS"] ?? "3"]);
  });
});
