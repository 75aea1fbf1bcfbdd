/** The worker of a program: it dies as the program dies, and the server does what it does for any worker. */
import { fileURLToPath } from "node:url";
import { afterEach, expect, it, vi } from "vitest";
import { sourceOf } from "../../src/models/model-source.ts";
import { type Exit, forkWorker } from "../../src/workers/port.ts";

import { collect, generateJob } from "../fixtures/jobs.ts";
import {
  openScripted,
  reached,
  scriptedManifest,
  submission,
} from "../fixtures/scripted-registry.ts";

const engine = fileURLToPath(new URL("../fixtures/program", import.meta.url));

let registry = openScripted();

afterEach(async () => {
  await registry.close(0);
  registry = openScripted();
});

async function start(options: Readonly<Record<string, unknown>> = {}) {
  registry.load(scriptedManifest({ engine, options }));
  await reached(registry, "scripted", "ready");
  return registry.resolve("", "generate");
}

const ask = async (prompt: string) =>
  collect((await start()).run(submission("", { job: generateJob(prompt) })));

it("serves calls through a worker", async () => {
  const events = await ask("say one two");
  expect(events.map(({ kind }) => kind)).toEqual(["started", "piece", "piece", "finish"]);
});

it("fails its calls with WORKER_EXITED when the program dies, and another worker serves", async () => {
  const model = await start();
  const [pid] = registry.pidsOf("scripted");
  const stream = model.run(submission("", { job: generateJob("wait") }))[Symbol.asyncIterator]();
  for (let kind = ""; kind !== "piece";) kind = String((await stream.next()).value?.kind);
  collect(model.run(submission("", { job: generateJob("kill SIGSEGV") }))).catch(() => undefined);
  await expect(stream.next()).rejects.toMatchObject({ reason: "WORKER_EXITED" });
  await reached(registry, "scripted", "loading");
  await reached(registry, "scripted", "ready");
  expect(registry.pidsOf("scripted")).not.toContain(pid);
});

it.each([
  ["exit 3", { code: 3, signal: null }],
  // For a worker, zero would be an end that was asked for.
  ["exit 0", { code: 1, signal: null }],
  ["kill SIGSEGV", { code: null, signal: "SIGSEGV" }],
  ["kill SIGTERM", { code: null, signal: "SIGTERM" }],
  ["babble", { code: null, signal: "SIGKILL" }],
])("dies as the program does: %s", async (prompt, exit) => {
  const port = forkWorker(process.env);
  const lines: string[] = [];
  port.onLine((line) => lines.push(line));
  const ended = new Promise<Exit>((resolve) => port.onExit(resolve));
  const source = sourceOf(scriptedManifest({ engine }), 1);
  port.send({ kind: "load", engine, source, maxStepMs: 60_000 });
  const call = { requestId: "request-1", priority: "interactive", leftMs: Infinity } as const;
  port.send({ kind: "job", id: 1, job: generateJob(prompt), ...call, credit: 64 });
  expect(await ended).toEqual(exit);
  if (prompt.startsWith("exit")) {
    await vi.waitFor(() => expect(lines).toContain("last words"), 10_000);
  }
});

it("tells why it could not be loaded", async () => {
  registry.load(scriptedManifest({ engine, options: { load: "fail" } }));
  const { failure } = await reached(registry, "scripted", "failed");
  expect(failure).toBe("model.py:3: it fails");
});

it("tells how a program ended that said nothing", async () => {
  registry.load(scriptedManifest({ engine, options: { load: "exit" } }));
  const { failure } = await reached(registry, "scripted", "failed");
  expect(failure).toContain("ended while loading the model (exit code 3)");
});

it("does not outlive its worker", async () => {
  const model = await start();
  const events = model.run(submission("", { job: generateJob("pid") }))[Symbol.asyncIterator]();
  let pid = 0;
  while (pid === 0) {
    const { value } = await events.next();
    if (value?.kind === "piece") pid = Number(value.text);
  }
  for (const worker of registry.pidsOf("scripted")) process.kill(worker, "SIGKILL");
  await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow("ESRCH"), 30_000);
});

it("gives the program the server's own environment", async () => {
  expect(await ask("variable UV_THREADPOOL_SIZE")).toContainEqual({
    kind: "piece",
    text: process.env["UV_THREADPOOL_SIZE"] ?? "(unset)",
  });
});
