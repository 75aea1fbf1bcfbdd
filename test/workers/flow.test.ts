import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ServeError } from "../../src/base/errors.ts";
import type { ServingModel } from "../../src/models/model.ts";
import type { Registry } from "../../src/models/registry.ts";
import { creditWindow } from "../../src/workers/credit.ts";
import type { FromWorker } from "../../src/workers/messages.ts";
import { forkWorker } from "../../src/workers/port.ts";
import { collect, embedJob, generateJob } from "../fixtures/jobs.ts";
import {
  openScripted,
  reached,
  scriptedManifest,
  submission,
} from "../fixtures/scripted-registry.ts";

let registry: Registry;
let model: ServingModel;
/** All that workers have sent, as it came over the wire. */
const received: FromWorker[] = [];

beforeAll(async () => {
  registry = openScripted({
    start: (environment) => {
      const port = forkWorker(environment);
      port.onMessage((message) => received.push(message));
      return port;
    },
  });
  registry.load(
    scriptedManifest({
      options: { slots: 8 },
      limits: { ...scriptedManifest().limits, maxQueuedJobs: 2 },
    }),
  );
  await reached(registry, "scripted", "ready");
  model = registry.resolve("", "generate");
});

afterAll(() => registry.close(0));

function steps() {
  return received.filter((message) => message.kind === "step");
}

function piecesReceived(text: string): number {
  return steps()
    .flatMap(({ events }) => events)
    .filter(({ event }) => event.kind === "piece" && event.text === text).length;
}

/** Has another job run many steps, so that whatever the worker may send has been sent. */
async function manySteps(count: number): Promise<void> {
  await collect(model.run(submission(`repeat ${count} other`)));
}

describe("a caller who does not read", () => {
  it("is sent a window of pieces and no more, while others are served on", async () => {
    const lazy = model.run(submission("repeat 1000 lazy"))[Symbol.asyncIterator]();
    await lazy.next();
    await manySteps(300);
    expect(piecesReceived("lazy")).toBe(creditWindow);
    let read = 1;
    for (let next = await lazy.next(); next.done !== true; next = await lazy.next()) read++;
    expect(read).toBe(1002);
  });

  it("is sent vectors up to a window and one batch", async () => {
    const texts = Array.from({ length: 200 }, (_, index) => `text ${index}`);
    const lazy = model.run(submission("", { job: embedJob(texts) }))[Symbol.asyncIterator]();
    await lazy.next();
    await manySteps(100);
    const vectors = steps()
      .flatMap(({ events }) => events)
      .map(({ event }) => (event.kind === "items" ? event.items.length : 0))
      .reduce((sum, length) => sum + length, 0);
    expect(vectors).toBe(creditWindow);
    await lazy.return();
  });
});

describe("jobs side by side", () => {
  it("share one message a step", async () => {
    const before = steps().length;
    const scripts = Array.from({ length: 4 }, (_, index) => `wait together; repeat 50 ${index}`);
    const reads = scripts.map((script) => collect(model.run(submission(script))));
    await collect(model.run(submission("open together")));
    await Promise.all(reads);
    const sharing = steps()
      .slice(before)
      .filter(({ events }) => new Set(events.map(({ id }) => id)).size === 4);
    expect(sharing.length).toBeGreaterThanOrEqual(40);
  });

  it("get timings that count from their arrival", async () => {
    const arrivedAt = performance.now() - 5000;
    const events = await collect(model.run(submission("say a", { arrivedAt })));
    const last = events.at(-1);
    expect(last?.kind).toBe("finish");
    if (last?.kind !== "finish") return;
    const { queueMs, firstTokenMs, totalMs } = last.timings;
    expect(queueMs).toBeGreaterThanOrEqual(4900);
    expect(firstTokenMs).toBeGreaterThanOrEqual(queueMs);
    expect(totalMs).toBeGreaterThanOrEqual(firstTokenMs);
  });
});

describe("cancelling", () => {
  it("frees the place at once, and the worker forgets the job", async () => {
    const controllers = Array.from({ length: 8 }, () => new AbortController());
    const streams = controllers.map(({ signal }) =>
      model.run(submission("say a; wait never", { signal }))[Symbol.asyncIterator](),
    );
    for (const stream of streams) await stream.next();
    const queued = collect(model.run(submission("say b")));
    controllers[0]!.abort(new ServeError("CALLER_GONE", "x"));
    expect(await queued).toHaveLength(3);
    for (const { abort } of controllers.map((each) => ({
      abort: () => each.abort(new Error("x")),
    })))
      abort();
    await Promise.allSettled(streams.map((stream) => stream.next()));
  });

  it("takes a job out of the queue at once, a full queue refuses, and all is counted", async () => {
    const before = registry.queueOf("scripted")!;
    const all = new AbortController();
    const { signal } = all;
    const streams = Array.from({ length: 8 }, () =>
      model.run(submission("say a; wait never", { signal }))[Symbol.asyncIterator](),
    );
    for (const stream of streams) await stream.next();
    const leaving = new AbortController();
    const left = collect(model.run(submission("say b", { signal: leaving.signal })));
    const queued = collect(model.run(submission("say b", { signal })));
    const refused = collect(model.run(submission("say b")));
    await expect(refused).rejects.toMatchObject({ reason: "QUEUE_FULL" });
    leaving.abort(new ServeError("DEADLINE_PASSED", "x"));
    await expect(left).rejects.toMatchObject({ reason: "DEADLINE_PASSED" });
    all.abort(new ServeError("CALLER_GONE", "x"));
    await expect(queued).rejects.toMatchObject({ reason: "CALLER_GONE" });
    await Promise.allSettled(streams.map((stream) => stream.next()));
    const {
      waiting,
      running,
      started,
      refused: refusals,
      expired,
      left: gone,
    } = registry.queueOf("scripted")!;
    expect([waiting, running, started - before.started]).toEqual([0, 0, 8]);
    expect(refusals.QUEUE_FULL - before.refused.QUEUE_FULL).toBe(1);
    expect(expired.queued - before.expired.queued).toBe(1);
    expect(gone.queued - before.left.queued).toBe(1);
    expect(gone.running - before.left.running).toBe(8);
  });
});

it("carries vectors and token ids as typed arrays", async () => {
  const job = generateJob("say a", { returnTokenIds: true });
  const pieces = await collect(model.run(submission("", { job })));
  expect(pieces.find((event) => event.kind === "piece")?.tokenIds).toBeInstanceOf(Uint32Array);
  const events = await collect(model.run(submission("", { job: embedJob(["a", "b"]) })));
  const items = events.flatMap((event) => (event.kind === "items" ? event.items : []));
  expect(items.map(({ index }) => index)).toEqual([0, 1]);
  for (const { value } of items) {
    if (value?.kind !== "float32") throw new Error("not float32");
    expect(value.values).toBeInstanceOf(Float32Array);
    expect(value.values).toHaveLength(8);
  }
});
