/** A job's priority on its whole way, from the queue to the engine of a real worker. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { ServeError } from "../../src/base/errors.ts";
import type { Submission } from "../../src/jobs/submission.ts";
import type { ServingModel } from "../../src/models/model.ts";
import type { Registry } from "../../src/models/registry.ts";
import type { FromWorker, WorkerEvent } from "../../src/workers/messages.ts";
import { forkWorker } from "../../src/workers/port.ts";
import { collect } from "../fixtures/jobs.ts";
import {
  openScripted,
  reached,
  scriptedManifest,
  submission,
} from "../fixtures/scripted-registry.ts";

let registry: Registry;
let model: ServingModel;
/** What each step of the worker gave, as it came over the wire. */
let steps: (readonly WorkerEvent[])[] = [];

function note(message: FromWorker): void {
  if (message.kind === "step") steps.push(message.events.map(({ event }) => event));
}

beforeEach(async () => {
  steps = [];
  registry = openScripted({
    start: (environment) => {
      const port = forkWorker(environment);
      port.onMessage(note);
      return port;
    },
  });
  // A step takes long enough to be measured, by any clock.
  registry.load(scriptedManifest({ options: { slots: 2, step_ms: 20 } }));
  await reached(registry, "scripted", "ready");
  model = registry.resolve("", "generate");
});

afterEach(() => registry.close(0));

/** Reads a job that goes on until it is left. Resolves with its first piece. */
async function endless(text: string, priority: Submission["priority"]) {
  const leaving = new AbortController();
  const { signal } = leaving;
  const first = Promise.withResolvers<undefined>();
  const read = async (): Promise<void> => {
    const events = model.run(submission(`repeat 1000000 ${text}`, { signal, priority }));
    for await (const { kind } of events) if (kind === "piece") first.resolve(undefined);
  };
  const ended = read().catch(() => undefined);
  await first.promise;
  return () => {
    leaving.abort(new ServeError("CALLER_GONE", "x"));
    return ended;
  };
}

/** The steps that gave a piece of this text. */
function stepsWith(text: string): typeof steps {
  return steps.filter((events) =>
    events.some((event) => event.kind === "piece" && event.text === text),
  );
}

/** Whether the two are computed together in the first step of the second, which joins the first. */
async function areTogether(priority: Submission["priority"]): Promise<boolean> {
  const leave = await endless("first", priority);
  await collect(model.run(submission("say second")));
  await leave();
  const [begun] = stepsWith("second");
  return begun !== undefined && stepsWith("first").includes(begun);
}

it("a batch job has no part in the step in which an interactive one begins", async () => {
  expect(await areTogether("batch")).toBe(false);
});

it("a job that is as urgent has its part in it", async () => {
  expect(await areTogether("interactive")).toBe(true);
});

it("a batch job leaves the last free place to an interactive one", async () => {
  const leave = await endless("first", "batch");
  const waiting = collect(model.run(submission("say second", { priority: "batch" })));
  await collect(model.run(submission("say third")));
  expect(registry.queueOf("scripted")).toMatchObject({ running: 1, waiting: 1 });
  await leave();
  expect((await waiting).at(-1)?.kind).toBe("finish");
});
