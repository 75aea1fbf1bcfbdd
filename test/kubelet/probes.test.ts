/** A kubelet's view of the whole server: through its start, load, the crash of a model, and its end. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, credentials, makeGenericClientConstructor } from "@grpc/grpc-js";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  GenerateRequest,
  type GenerateResponse,
  GenerationServiceService,
} from "../../gen/inferd/v1/generation_service.ts";
import { type App, startApp } from "../../src/app/app.ts";
import { silentLog } from "../../src/base/log.ts";
import { flagSource, loadConfig } from "../../src/config/config.ts";
import { reached } from "../fixtures/scripted-registry.ts";
import { KubeletPod } from "./pod.ts";
import { probe } from "./probe.ts";

let folder: string;
let gate: string;
let closing: (() => Promise<void> | void)[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "inferd-"));
  gate = join(folder, "gate");
  mkdirSync(join(folder, "m"));
  const options = `{ load_gate: ${gate}, slots: 2, step_ms: 2 }`;
  const manifest = `name: m\ntask: generate\nengine: scripted\noptions: ${options}\n`;
  writeFileSync(join(folder, "m", "model.yaml"), manifest);
});

afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
  rmSync(gate, { force: true });
});

afterAll(() => rmSync(folder, { recursive: true }));

interface Opened {
  readonly app: App;
  readonly pod: KubeletPod;
  readonly address: string;
  readonly generate: (script: string) => Promise<string>;
}

/** The server, with a model that loads once the gate is there. */
async function open(): Promise<Opened> {
  const flags = { model: [join(folder, "m")], port: "0", cores: "1" };
  const app = await startApp(loadConfig([flagSource(flags, folder)]), silentLog, process.env);
  const address = `127.0.0.1:${app.port}`;
  const Client = makeGenericClientConstructor(GenerationServiceService, "generation");
  const client = new Client(address, credentials.createInsecure());
  closing.push(
    () => app.drain(0),
    () => client.close(),
  );
  // One failure counts, so that none goes unseen; time is for the benchmark to judge.
  const pod = new KubeletPod({ address, timeoutMs: 10_000, failureThreshold: 1 });
  return { app, pod, address, generate: (script) => generate(client, script) };
}

async function openReady(): Promise<Opened> {
  writeFileSync(gate, "");
  const opened = await open();
  await reached(opened.app.models, "m", "ready");
  // The first round is the start-up probe's alone.
  await opened.pod.round();
  await opened.pod.round();
  return opened;
}

function generate(client: Client, script: string): Promise<string> {
  const { path, requestSerialize, responseDeserialize } = GenerationServiceService.generate;
  const request = GenerateRequest.fromPartial({ input: { $case: "prompt", value: script } });
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      (error, response?: GenerateResponse) =>
        error === null ? resolve(response?.text ?? "") : reject(error),
    );
  });
}

describe("to a kubelet, a server", () => {
  it("has started once its model is loaded, and is asked for nothing else before", async () => {
    const { app, pod, address } = await open();
    const ask = (service: string) => probe({ address, service, timeoutMs: 10_000 });
    expect(await ask("startup")).toMatchObject({ succeeded: false, why: "health 2" });
    expect(await ask("liveness")).toMatchObject({ succeeded: true });
    writeFileSync(gate, "");
    await reached(app.models, "m", "ready");
    await pod.round();
    expect([pod.hasStarted, pod.isReady]).toEqual([true, false]);
    await pod.round();
    expect(pod.isReady).toBe(true);
    expect(pod.attempts.map(({ kind }) => kind)).toEqual(["startup", "liveness", "readiness"]);
  });

  it("is alive and ready while more calls wait than it can serve", async () => {
    const { pod, generate } = await openReady();
    const calls = Promise.all(Array.from({ length: 64 }, () => generate("repeat 20 word")));
    const load = { isOver: false };
    void calls.finally(() => (load.isOver = true));
    while (!load.isOver) await pod.round();
    expect(await calls).toHaveLength(64);
    expect(pod.attempts.filter(({ succeeded }) => !succeeded)).toEqual([]);
  });

  it("is alive and not ready while its only model is started again, then ready", async () => {
    const { app, pod, generate } = await openReady();
    rmSync(gate);
    const gone = reached(app.models, "m", "loading");
    await expect(generate("say one; crash")).rejects.toThrow();
    await gone;
    await pod.round();
    expect([pod.isReady, pod.isKilled]).toEqual([false, false]);
    writeFileSync(gate, "");
    await reached(app.models, "m", "ready");
    await pod.round();
    expect([pod.isReady, pod.isKilled]).toEqual([true, false]);
  });

  it("that is told to end serves those who come late, and is never killed for it", async () => {
    const { app, pod, address, generate } = await openReady();
    pod.delete();
    const ended = app.drain(2000);
    await pod.round();
    expect([pod.isReady, pod.isServing]).toEqual([false, true]);
    expect((await probe({ address, service: "", timeoutMs: 10_000 })).why).toBe("health 2");
    expect(await generate("say late")).toBe("late");
    await ended;
    await pod.round();
    expect([pod.isServing, pod.isKilled]).toEqual([false, false]);
  });

  it("that is not there fails each probe within its deadline", async () => {
    const { app, address } = await openReady();
    await app.drain(0);
    const attempt = await probe({ address, service: "liveness", timeoutMs: 10_000 });
    expect(attempt.succeeded).toBe(false);
  });
});

it("is a probe that gives up when its one deadline has passed", async () => {
  // Takes the connection and never says a word.
  const silent = createServer((socket) => socket.resume());
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  closing.push(() => new Promise((resolve) => silent.close(() => resolve())));
  const { port } = silent.address() as { port: number };
  const attempt = await probe({ address: `127.0.0.1:${port}`, service: "", timeoutMs: 50 });
  expect(attempt).toMatchObject({ succeeded: false, why: "timed out" });
});
