import { describe, expect, it, vi } from "vitest";
import { silentLog } from "../../../src/base/log.ts";
import { type PrefixCounts, silentModelMeter } from "../../../src/base/meter.ts";
import type { Priority } from "../../../src/base/priority.ts";
import { Pool } from "../../../src/workers/pool.ts";
import { Arbiter } from "../../../src/workers/shares.ts";
import { FakeClock } from "../../fixtures/fake-clock.ts";
import { FakePort } from "../../fixtures/fake-port.ts";
import { assignment, collect, never } from "../../fixtures/jobs.ts";

function setUp(replicas = 1) {
  const ports: FakePort[] = [];
  const clock = new FakeClock();
  const states: string[] = [];
  const deaths: number[] = [];
  const moved: PrefixCounts[] = [];
  let freed = 0;
  const pool = new Pool({
    replicas,
    threads: 2,
    starts: {
      ask: ({ start }) => {
        start();
        return () => undefined;
      },
    },
    start: () => {
      const port = new FakePort();
      ports.push(port);
      return port;
    },
    load: (threads) => ({
      kind: "load",
      engine: "scripted",
      source: {
        name: "m",
        files: {},
        chatTemplate: undefined,
        contextLength: undefined,
        maxSequences: undefined,
        options: {},
        threads,
      },
      maxStepMs: 60_000,
    }),
    timeouts: { stepMs: 60_000, loadMs: 600_000 },
    arbiter: new Arbiter(2),
    clock,
    log: silentLog,
    meter: { ...silentModelMeter, prefixesMoved: (more) => moved.push(more) },
    onChange: () => states.push(pool.state.kind),
    onFree: () => freed++,
    onDeath: (held) => deaths.push(held.length),
  });
  const run = (priority: Priority = "interactive", wanted = 0) =>
    pool.take(priority, wanted)?.run({ ...assignment, priority });
  return { pool, ports, clock, states, deaths, moved, run, freed: () => freed };
}

describe("a pool", () => {
  it("is ready when its first worker is", () => {
    const { pool, ports } = setUp(2);
    expect(pool.state.kind).toBe("loading");
    ports[1]!.ready({ slots: 3 });
    expect([pool.state.kind, pool.slots]).toEqual(["ready", 3]);
  });

  it("gives no place before a worker is ready", () => {
    expect(setUp().pool.take("interactive", 0)).toBeUndefined();
  });

  it("gives each job to the least busy worker, and no more than fit", () => {
    const { ports, run } = setUp(2);
    for (const port of ports) port.ready({ slots: 2 });
    const places = [run(), run(), run(), run(), run()];
    expect(places.map((place) => place !== undefined)).toEqual([true, true, true, true, false]);
    const jobs = ports.map((port) => port.sent.filter(({ kind }) => kind === "job").length);
    expect(jobs).toEqual([2, 2]);
  });

  it("leaves places free where batch jobs have theirs, and gives those back that end", () => {
    const { ports, run } = setUp(2);
    for (const port of ports) port.ready({ slots: 4 });
    const batch = Array.from({ length: 8 }, () => run("batch"));
    expect(batch.filter((place) => place !== undefined)).toHaveLength(7);
    expect(run("interactive")).toBeDefined();
    expect(run("interactive")).toBeUndefined();
    void batch[0]?.return();
    expect(run("batch")).toBeDefined();
    expect(run("batch")).toBeUndefined();
  });

  it("leaves as many free as interactive jobs wanted at once of late", () => {
    const { ports, run } = setUp();
    ports[0]!.ready({ slots: 8 });
    const batch = Array.from({ length: 8 }, () => run("batch", 3));
    expect(batch.filter((place) => place !== undefined)).toHaveLength(5);
    expect(run("batch", 2)).toBeDefined();
    expect(run("batch", 3)).toBeUndefined();
  });

  it("gives a job to the worker with the fewest interactive ones, whatever batch jobs it has", () => {
    const { ports, run } = setUp(2);
    for (const port of ports) port.ready({ slots: 4 });
    const jobsOf = (priority: Priority) =>
      ports.map(({ sent }) =>
        sent.reduce((sum, each) => {
          return sum + (each.kind === "job" && each.priority === priority ? 1 : 0);
        }, 0),
      );
    run("interactive");
    run("batch");
    run("batch");
    run("interactive");
    expect([jobsOf("interactive"), jobsOf("batch")]).toEqual([
      [1, 1],
      [0, 2],
    ]);
  });

  it("adds up what its workers keep of prompts, and what they did with it also where one is started again", () => {
    const { pool, ports, clock, moved } = setUp(2);
    for (const port of ports) port.ready();
    expect(pool.prefixes).toEqual({ bytes: 0, limitBytes: 0 });
    const say = (port: number, bytes: number, saved: number) => {
      const prefixes = { bytes, limitBytes: 100, saved, restored: 0, evicted: 0 };
      ports[port]!.say({ kind: "step", events: [], prefixes });
    };
    say(0, 10, 1);
    say(1, 20, 2);
    say(1, 30, 3);
    expect(pool.prefixes).toEqual({ bytes: 40, limitBytes: 200 });
    ports[1]!.exit();
    expect(pool.prefixes).toEqual({ bytes: 10, limitBytes: 100 });
    clock.advance(0);
    ports[2]!.ready();
    say(2, 5, 1);
    expect(pool.prefixes).toEqual({ bytes: 15, limitBytes: 200 });
    ports[2]!.say({ kind: "freed", ids: [] });
    expect(pool.prefixes).toEqual({ bytes: 10, limitBytes: 100 });
    expect(moved.map(({ saved }) => saved)).toEqual([1, 2, 1, 1]);
  });

  it("says when a place is free again", () => {
    const { ports, run, freed } = setUp();
    ports[0]!.ready({ slots: 1 });
    void run()?.return();
    const before = freed();
    void run()?.return();
    expect(freed()).toBe(before + 1);
  });

  it("starts a crashed worker again, and serves on with the others meanwhile", () => {
    const { pool, ports, clock } = setUp(2);
    for (const port of ports) port.ready();
    ports[0]!.exit();
    expect(pool.state.kind).toBe("ready");
    clock.advance(0);
    expect(ports).toHaveLength(3);
    ports[2]!.ready();
    expect(pool.slots).toBe(4);
  });

  it("waits longer before each restart of a worker that keeps dying", () => {
    const { ports, clock } = setUp();
    const waits: (number | undefined)[] = [];
    for (let life = 0; life < 4; life++) {
      ports[life]!.ready();
      ports[life]!.exit();
      waits.push(clock.waits[0]);
      clock.advance(clock.waits[0]!);
    }
    expect(waits).toEqual([0, 250, 500, 1000]);
  });

  it("is loading again while its only worker restarts", () => {
    const { ports, states } = setUp();
    ports[0]!.ready();
    ports[0]!.exit();
    expect(states).toEqual(["ready", "loading"]);
  });

  it("fails a dead worker's jobs at once, and the worker is not offered then", async () => {
    const { pool, ports, run } = setUp();
    ports[0]!.ready();
    const read = collect(run()!);
    ports[0]!.exit();
    await expect(read).rejects.toMatchObject({ reason: "WORKER_EXITED" });
    expect(pool.take("interactive", 0)).toBeUndefined();
  });

  it("has failed with the engine's words when the model cannot be loaded", () => {
    const { pool, ports, clock } = setUp();
    ports[0]!.say({ kind: "load-failed", message: "not a model" });
    expect(ports[0]!.isKilled).toBe(true);
    ports[0]!.exit();
    expect(pool.state).toMatchObject({ kind: "failed", reason: "not a model", backAt: undefined });
    expect(clock.waits).toEqual([]);
  });

  it("rests when its worker dies three times while loading, and is back by itself", () => {
    const { pool, ports, clock } = setUp();
    for (const wait of [0, 250]) {
      ports.at(-1)!.exit(7);
      clock.advance(wait);
    }
    ports.at(-1)!.exit(7);
    expect(pool.state).toMatchObject({ kind: "failed", backAt: 30_250 });
    expect(pool.state).toMatchObject({ reason: expect.stringContaining("exit code 7") as string });
    clock.advance(30_000);
    expect([pool.state.kind, ports.length]).toEqual(["loading", 4]);
    ports.at(-1)!.ready();
    expect(pool.state.kind).toBe("ready");
  });

  it("says when it will be back, from the wait and how long loading took", () => {
    const { pool, ports, clock } = setUp();
    clock.advance(700);
    ports[0]!.ready();
    clock.advance(60_000);
    ports[0]!.exit();
    expect(pool.state).toMatchObject({ kind: "loading", backAt: 61_400 });
    clock.advance(0);
    ports[1]!.exit();
    expect(pool.state).toMatchObject({ kind: "loading", backAt: 61_650 });
  });

  it("replaces a worker whose loading gets no further, and leaves one that does", () => {
    const { pool, ports, clock } = setUp();
    const minutes = (count: number, fraction: (minute: number) => number) => {
      for (let minute = 1; minute <= count; minute++) {
        for (let half = 0; half < 2; half++) clock.advance(30_000);
        ports[0]!.say({ kind: "pong" });
        ports[0]!.say({ kind: "progress", fraction: fraction(minute) });
      }
    };
    minutes(60, (minute) => minute / 100);
    expect(ports[0]!.isKilled).toBe(false);
    minutes(11, () => 0.6);
    expect(ports[0]!.isKilled).toBe(true);
    ports[0]!.exit();
    expect(pool.state.kind).toBe("loading");
  });

  it("tells what a dead worker held, with what it has not confirmed as cancelled", async () => {
    const { ports, run, deaths } = setUp();
    ports[0]!.ready();
    void run()?.return();
    const read = collect(run()!);
    ports[0]!.exit();
    await expect(read).rejects.toMatchObject({ reason: "WORKER_EXITED" });
    expect(deaths).toEqual([2]);
  });

  it("blames no job whose cancellation the worker has confirmed", async () => {
    const { ports, run, deaths } = setUp();
    ports[0]!.ready();
    await run()?.return();
    ports[0]!.say({ kind: "freed", ids: [1] });
    ports[0]!.exit();
    expect(deaths).toEqual([]);
  });

  it("serves on while one of its workers is given up", () => {
    const { pool, ports } = setUp(2);
    ports[0]!.ready();
    ports[1]!.say({ kind: "load-failed", message: "no memory" });
    ports[1]!.exit();
    expect(pool.state.kind).toBe("ready");
  });
});

it("says nothing more to a worker that has ended", () => {
  const { ports, clock, run } = setUp(2);
  for (const port of ports) port.ready();
  ports[0]!.exit();
  clock.advance(0);
  const before = ports[0]!.sent.length;
  run();
  expect(ports[0]!.sent).toHaveLength(before);
});

describe("a question to a pool", () => {
  const question = { kind: "countTokens", input: { kind: "prompt", text: "a" } } as const;
  const answer = 1;

  it("goes to the ready worker that has the fewest", async () => {
    const { pool, ports } = setUp(3);
    ports[0]!.ready();
    ports[1]!.ready();
    const answers = [1, 2, 3].map(() => pool.ask(question, never));
    const asked = ports.map(({ sent }) => sent.filter(({ kind }) => kind === "ask").length);
    expect(asked).toEqual([2, 1, 0]);
    ports[0]!.say({ kind: "answer", id: 1, answer });
    ports[1]!.say({ kind: "answer", id: 1, answer });
    ports[0]!.say({ kind: "answer", id: 2, answer });
    expect(await Promise.all(answers)).toEqual([answer, answer, answer]);
  });

  it("fails where no worker is ready, and when its worker dies", async () => {
    const { pool, ports } = setUp();
    await expect(pool.ask(question, never)).rejects.toMatchObject({ reason: "WORKER_EXITED" });
    ports[0]!.ready();
    const open = pool.ask(question, never);
    ports[0]!.exit();
    await expect(open).rejects.toMatchObject({ reason: "WORKER_EXITED" });
  });

  it("is answered before the pool stops its worker", async () => {
    const { pool, ports } = setUp();
    ports[0]!.ready();
    const open = pool.ask(question, never);
    const stopped = pool.stop(5_000);
    const stops = () => ports[0]!.sent.filter(({ kind }) => kind === "stop").length;
    await new Promise((resolve) => setImmediate(resolve));
    expect(stops()).toBe(0);
    ports[0]!.say({ kind: "answer", id: 1, answer });
    expect(await open).toBe(answer);
    await vi.waitFor(() => expect(stops()).toBe(1));
    ports[0]!.exit(0);
    await stopped;
  });
});

describe("stopping a pool", () => {
  it("lets jobs finish, then asks, and never kills what ends by itself", async () => {
    const { pool, ports, run } = setUp();
    ports[0]!.ready();
    const job = run();
    const stopped = pool.stop(1000);
    expect(pool.take("interactive", 0)).toBeUndefined();
    expect(ports[0]!.sent.some(({ kind }) => kind === "stop")).toBe(false);
    await job?.return();
    await Promise.resolve();
    await Promise.resolve();
    expect(ports[0]!.sent.at(-1)).toEqual({ kind: "stop" });
    ports[0]!.exit(0);
    await stopped;
    expect([ports[0]!.isKilled, ports.length, pool.state.kind]).toEqual([false, 1, "stopped"]);
  });

  it("kills what has not ended after the grace", async () => {
    const { pool, ports, clock, run } = setUp();
    ports[0]!.ready();
    const read = collect(run()!);
    const stopped = pool.stop(1000);
    clock.advance(1000);
    await Promise.resolve();
    await Promise.resolve();
    expect(ports[0]!.sent.at(-1)).toEqual({ kind: "stop" });
    clock.advance(1000);
    expect(ports[0]!.isKilled).toBe(true);
    ports[0]!.exit();
    await stopped;
    await expect(read).rejects.toMatchObject({ reason: "WORKER_EXITED" });
  });

  it("starts nothing again", async () => {
    const { pool, ports, clock } = setUp();
    ports[0]!.ready();
    ports[0]!.exit();
    await pool.stop(1000);
    clock.advance(100_000);
    expect(ports).toHaveLength(1);
  });
});

it("tells a worker its threads before its first job, and others theirs", () => {
  const { ports, run } = setUp(2);
  for (const port of ports) port.ready();
  run();
  run();
  const [first, second] = ports.map((port) => port.sent.slice(1));
  expect(first).toMatchObject([{ kind: "job" }, { kind: "threads", threads: 1 }]);
  expect(second).toMatchObject([{ kind: "threads", threads: 1 }, { kind: "job" }]);
});
