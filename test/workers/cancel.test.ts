/** Whoever nobody waits for is gone from the engine after at most the step under way, in every phase. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ServeError } from "../../src/base/errors.ts";
import type { Job } from "../../src/engines/engine.ts";
import type { Registry } from "../../src/models/registry.ts";
import type { WorkerEvent } from "../../src/workers/messages.ts";
import { embedJob, generateJob } from "../fixtures/jobs.ts";
import {
  openScripted,
  reached,
  scriptedManifest,
  submission,
} from "../fixtures/scripted-registry.ts";
import { settle, SteppedWorker } from "../fixtures/stepped-worker.ts";

let worker: SteppedWorker;
let registry: Registry;

beforeEach(async () => {
  worker = new SteppedWorker();
  registry = openScripted({ start: () => worker.port() });
  registry.load(scriptedManifest({ options: { slots: 1, batch: 1 } }));
  await reached(registry, "scripted", "ready");
});

afterEach(() => registry.close(0));

interface Call {
  readonly controller: AbortController;
  readonly events: AsyncIterator<WorkerEvent>;
}

function begin(job: Job): Call {
  const controller = new AbortController();
  const model = registry.resolve("", "generate");
  const run = model.run(submission("", { job, signal: controller.signal }));
  return { controller, events: run[Symbol.asyncIterator]() };
}

/** Reads to the end beside the test; what it fails with is the test's to know. */
function read({ events }: Call): Promise<unknown> {
  const toEnd = async (): Promise<unknown> => {
    for (;;) {
      const next = await events.next();
      if (next.done === true) return "finished";
    }
  };
  return toEnd().catch((thrown: unknown) => thrown);
}

const generation = generateJob("repeat 1000 a");
const vectors = embedJob(Array.from({ length: 1000 }, (_, index) => `text ${index}`));

/** Brings a call of the job into a phase. */
const phases: Record<string, (call: Call) => Promise<void>> = {
  "on its way to the engine": async (call) => {
    void read(call);
    await Promise.resolve();
    expect(worker.held.size).toBe(0);
  },
  "in its first step": async (call) => {
    void read(call);
    await settle();
    expect([worker.held.size, worker.isStepping]).toEqual([1, true]);
  },
  "in a later step": async (call) => {
    void read(call);
    await settle();
    for (let count = 0; count < 5; count++) await worker.step();
    expect([worker.held.size, worker.isStepping]).toEqual([1, true]);
  },
  "while its caller does not read, with credit left": async (call) => {
    void call.events.next();
    await settle();
    for (let count = 0; count < 20; count++) await worker.step();
    expect([worker.paused.size, worker.isStepping]).toEqual([0, true]);
  },
  "parked, without credit": async (call) => {
    void call.events.next();
    await settle();
    for (let count = 0; count < 80; count++) await worker.step();
    expect([worker.paused.size, worker.isStepping]).toEqual([1, false]);
  },
};

const causes = [
  ["the caller cancels", new ServeError("CALLER_GONE", "the caller cancelled")],
  ["its deadline passes", new ServeError("DEADLINE_PASSED", "too late")],
  ["the server stops", new ServeError("SHUTTING_DOWN", "the server stops")],
] as const;

describe.each([
  ["generation", generation],
  ["vectors", vectors],
] as const)("a call for %s", (_, job) => {
  describe.each(Object.keys(phases))("%s", (phase) => {
    it.each(causes)(
      "is out of the engine after the step under way when %s",
      async (_cause, error) => {
        const call = begin(job);
        await phases[phase]!(call);
        const before = worker.steps;
        call.controller.abort(error);
        await settle();
        if (worker.isStepping) await worker.step();
        expect([worker.held.size, worker.isStepping, worker.steps - before <= 1]).toEqual([
          0,
          false,
          true,
        ]);
        // The place is free: the next job is in the engine's very next step.
        const next = begin(generateJob("say b"));
        const reading = read(next);
        await settle();
        expect(worker.held.size).toBe(1);
        while (worker.isStepping) await worker.step();
        expect(await reading).toBe("finished");
      },
    );
  });
});

describe("a call that waits in the queue", () => {
  it.each(causes)("never reaches the engine when %s", async (_, error) => {
    const running = begin(generation);
    const reading = read(running);
    await settle();
    const waiting = begin(vectors);
    const refused = read(waiting);
    await settle();
    waiting.controller.abort(error);
    expect(await refused).toBe(error);
    running.controller.abort(error);
    expect(await reading).toBe(error);
    await worker.step();
    expect([worker.held.size, worker.isStepping, worker.steps]).toEqual([0, false, 1]);
  });
});

it("an engine is told to forget a job whose reader leaves in the middle", async () => {
  const { events } = begin(generation);
  const first = events.next();
  await settle();
  await worker.step();
  await first;
  await events.return?.();
  await worker.step();
  expect([worker.held.size, worker.isStepping]).toEqual([0, false]);
});
