import { afterEach, describe, expect, it } from "vitest";
import type { ServeError } from "../../src/base/errors.ts";
import { silentMeter, silentModelMeter } from "../../src/base/meter.ts";
import { healthOf } from "../../src/services/health.ts";
import { forkWorker } from "../../src/workers/port.ts";
import { FakeClock } from "../fixtures/fake-clock.ts";
import { collect, embedJob } from "../fixtures/jobs.ts";
import {
  openScripted,
  reached,
  scriptedManifest,
  submission,
} from "../fixtures/scripted-registry.ts";

let registry = openScripted();

afterEach(async () => {
  await registry.close(0);
  registry = openScripted();
});

async function start(changes: Parameters<typeof scriptedManifest>[0] = {}) {
  registry.load(scriptedManifest(changes));
  await reached(registry, "scripted", "ready");
  return registry.resolve("", "generate");
}

/** Reads until the first piece; the rest is for the test. */
async function firstPiece(events: AsyncIterator<{ readonly kind: string }>): Promise<void> {
  for (;;) {
    const next = await events.next();
    if (next.done === true || next.value.kind === "piece") return;
  }
}

describe("a worker killed in the middle of streams", () => {
  it("fails each stream with WORKER_EXITED, and a new worker serves", async () => {
    const model = await start();
    const streams = ["say a; wait never", "say b; wait never"].map((script) =>
      model.run(submission(script))[Symbol.asyncIterator](),
    );
    await Promise.all(streams.map(firstPiece));
    const [pid] = registry.pidsOf("scripted");
    const restarting = reached(registry, "scripted", "loading");
    process.kill(pid!, "SIGKILL");
    for (const stream of streams) {
      await expect(stream.next()).rejects.toMatchObject({ reason: "WORKER_EXITED" });
    }
    await restarting;
    expect(() => registry.resolve("", "generate")).toThrow(
      expect.objectContaining({ reason: "MODEL_NOT_READY" }),
    );
    await reached(registry, "scripted", "ready");
    expect(registry.pidsOf("scripted")).not.toContain(pid);
    const events = await collect(registry.resolve("", "generate").run(submission("say again")));
    expect(events.map(({ kind }) => kind)).toEqual(["started", "piece", "finish"]);
  });

  it("leaves the other models alone", async () => {
    const model = await start();
    registry.load(scriptedManifest({ name: "other", task: "embed" }));
    await reached(registry, "other", "ready");
    const other = registry.resolve("other", "embed");
    const waiting = other.run(submission("", { job: embedJob(["wait gate"]) }));
    const read = collect(waiting);
    await expect(collect(model.run(submission("say a; crash")))).rejects.toMatchObject({
      reason: "WORKER_EXITED",
    });
    await collect(other.run(submission("", { job: embedJob(["open gate"]) })));
    expect((await read).at(-1)?.kind).toBe("finish");
  });
});

describe("a job that has sent nothing when its worker dies", () => {
  it("is answered by the worker's successor", async () => {
    const model = await start({ options: { slots: 1 } });
    const running = model.run(submission("say a; wait never"))[Symbol.asyncIterator]();
    await firstPiece(running);
    // It waits in the queue, then for the restart.
    const queued = collect(model.run(submission("say b")));
    process.kill(registry.pidsOf("scripted")[0]!, "SIGKILL");
    await expect(running.next()).rejects.toMatchObject({ reason: "WORKER_EXITED" });
    expect((await queued).map(({ kind }) => kind)).toEqual(["started", "piece", "finish"]);
  });

  it("is answered by another worker, without a restart", async () => {
    await registry.close(0);
    let isFirst = true;
    const readies: Promise<void>[] = [];
    registry = openScripted({
      start: (environment) => {
        const port = forkWorker(environment);
        readies.push(
          new Promise((resolve) => port.onMessage(({ kind }) => kind === "ready" && resolve())),
        );
        return {
          ...port,
          send: (message) => {
            const isFatal = isFirst && message.kind === "job";
            if (isFatal) isFirst = false;
            // It dies before it reads the job, so that it cannot have said anything of it.
            if (isFatal) port.kill();
            else port.send(message);
          },
        };
      },
    });
    const model = await start({ replicas: 2 });
    const states: string[] = [];
    registry.onChange(({ state }) => states.push(state));
    await Promise.all(readies);
    expect((await collect(model.run(submission("say b")))).at(-1)?.kind).toBe("finish");
    expect([isFirst, states]).toEqual([false, []]);
  });

  it("is retried once only, and refused then", async () => {
    let deaths = 0;
    const meter = { ...silentModelMeter, restarted: () => void (deaths += 1) };
    await registry.close(0);
    registry = openScripted({ meter: { ...silentMeter, model: () => meter } });
    const model = await start({ replicas: 2 });
    await expect(collect(model.run(submission("exit 1")))).rejects.toMatchObject({
      reason: "REQUEST_QUARANTINED",
    });
    // The retry goes to the other worker, or to the first one's successor, whichever has room first.
    expect(deaths).toBe(2);
    // Nothing of it is left that kills another.
    await reached(registry, "scripted", "ready");
    expect(await collect(model.run(submission("say b")))).toHaveLength(3);
    expect(deaths).toBe(2);
  });
});

it.each([
  { script: "say a; exit 3", title: "it exits" },
  { script: "say a; crash", title: "the system kills it" },
])("is replaced when $title", async ({ script }) => {
  const model = await start();
  await expect(collect(model.run(submission(script)))).rejects.toMatchObject({
    reason: "WORKER_EXITED",
  });
  await reached(registry, "scripted", "ready");
  expect(await collect(registry.resolve("", "generate").run(submission("say b")))).toHaveLength(3);
});

it("serves on when its engine throws in a step, and the job fails", async () => {
  const model = await start();
  const [pid] = registry.pidsOf("scripted");
  const failed = collect(model.run(submission("say a; throw")));
  await expect(failed).rejects.toMatchObject({ reason: "INTERNAL" });
  expect(await collect(model.run(submission("say b")))).toHaveLength(3);
  expect(registry.pidsOf("scripted")).toEqual([pid]);
});

it("is replaced when a step of its engine never ends", async () => {
  await registry.close(0);
  const clock = new FakeClock();
  registry = openScripted({ clock });
  const model = await start();
  const stream = model.run(submission("say a; hang"))[Symbol.asyncIterator]();
  await firstPiece(stream);
  const failed = expect(stream.next()).rejects.toMatchObject({ reason: "WORKER_EXITED" });
  for (let quarter = 0; quarter < 6 * 4; quarter++) clock.advance(15_000);
  await failed;
  clock.advance(0);
  await reached(registry, "scripted", "ready");
  expect(await collect(registry.resolve("", "generate").run(submission("say b")))).toHaveLength(3);
});

it("drops what a lying engine makes up, and serves on", async () => {
  const model = await start();
  const events = await collect(model.run(submission("say a; lie")));
  expect(events.map(({ kind }) => kind)).toEqual(["started", "piece", "finish"]);
  await expect(collect(model.run(submission("fail MADE_UP")))).rejects.toMatchObject({
    reason: "INTERNAL",
  });
  expect(await collect(model.run(submission("say b")))).toHaveLength(3);
});

describe("a request that kills workers", () => {
  it("is refused after the second one, also in the middle of a stream, and others are not", async () => {
    const model = await start();
    for (const reason of ["WORKER_EXITED", "REQUEST_QUARANTINED", "REQUEST_QUARANTINED"]) {
      await expect(collect(model.run(submission("say a; crash")))).rejects.toMatchObject({
        reason,
      });
      await reached(registry, "scripted", "ready");
    }
    expect(await collect(model.run(submission("say a")))).toHaveLength(3);
  });

  it("takes no neighbour with it: those that ran beside it are tried again, and answered", async () => {
    const model = await start();
    const poison = model.run(submission("say a; wait gate; crash"))[Symbol.asyncIterator]();
    const neighbours = ["say b; wait gate; say c", "say d; wait gate; say e"];
    const streams = neighbours.map((script) =>
      model.run(submission(script))[Symbol.asyncIterator](),
    );
    await Promise.all([poison, ...streams].map(firstPiece));
    await collect(model.run(submission("open gate"))).catch(() => undefined);
    for (const stream of [poison, ...streams]) {
      await expect(collect({ [Symbol.asyncIterator]: () => stream })).rejects.toMatchObject({
        reason: "WORKER_EXITED",
      });
    }
    await reached(registry, "scripted", "ready");
    const again = ["say a; wait gate; crash", ...neighbours].map((script) =>
      collect(model.run(submission(script))).then(
        () => "finished",
        (error: unknown) => (error as ServeError).reason,
      ),
    );
    // The first waits for its gate on trial; what opens it is no suspect.
    await collect(model.run(submission("say x; open gate"))).catch(() => undefined);
    expect(await again[0]).toBe("REQUEST_QUARANTINED");
    await reached(registry, "scripted", "ready");
    await collect(model.run(submission("open gate")));
    expect(await Promise.all(again)).toEqual(["REQUEST_QUARANTINED", "finished", "finished"]);
  });
});

describe("a model whose worker was killed", () => {
  it("alone turns NOT_SERVING and SERVING again, and says when to come back", async () => {
    const model = await start();
    registry.load(scriptedManifest({ name: "other", task: "embed" }));
    await reached(registry, "other", "ready");
    const names = ["model:scripted", "model:other", "inferd.v1.EmbeddingService", "readiness"];
    const seen = new Map(names.map((name) => [name, [] as boolean[]]));
    registry.onChange(() => {
      const health = healthOf(registry.list());
      for (const [name, states] of seen) {
        const serving = health.get(name) === true;
        if (states.at(-1) !== serving) states.push(serving);
      }
    });
    const stream = model.run(submission("say a; wait never"))[Symbol.asyncIterator]();
    await firstPiece(stream);
    process.kill(registry.pidsOf("scripted")[0]!, "SIGKILL");
    const failed: unknown = await stream.next().catch((error: unknown) => error);
    expect(failed).toMatchObject({ reason: "WORKER_EXITED" });
    expect((failed as ServeError).retryAfterMs).toBeGreaterThanOrEqual(100);
    await reached(registry, "scripted", "ready");
    expect(Object.fromEntries(seen)).toEqual({
      "model:scripted": [false, true],
      "model:other": [true],
      "inferd.v1.EmbeddingService": [true],
      readiness: [true],
    });
  });

  it("rests after five deaths in a row, says why and until when, and is back by itself", async () => {
    await registry.close(0);
    const clock = new FakeClock();
    registry = openScripted({ clock });
    const model = await start();
    for (let death = 1; death <= 5; death++) {
      await reached(registry, "scripted", "ready");
      const died = reached(registry, "scripted", death < 5 ? "loading" : "failed");
      process.kill(registry.pidsOf("scripted")[0]!, "SIGKILL");
      await died;
      if (death < 5) clock.advance(1000);
    }
    const status = registry.find("scripted");
    expect(status?.failure).toBe("its worker keeps ending while it serves (SIGKILL)");
    expect(status?.retryAfterMs).toBe(30_000);
    await expect(collect(model.run(submission("say a")))).rejects.toMatchObject({
      reason: "MODEL_FAILED",
      retryAfterMs: 30_000,
    });
    clock.advance(30_000);
    await reached(registry, "scripted", "ready");
    expect(await collect(model.run(submission("say a")))).toHaveLength(3);
  });
});
