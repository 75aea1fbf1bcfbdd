import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, it, vi } from "vitest";
import type { Log } from "../../src/base/log.ts";
import { silentLog } from "../../src/base/log.ts";
import type { Manifest } from "../../src/catalog/manifest.ts";
import { sourceOf } from "../../src/models/model-source.ts";
import type { ToWorker } from "../../src/workers/messages.ts";
import { forkWorker } from "../../src/workers/port.ts";
import { FakePort } from "../fixtures/fake-port.ts";
import { collect, generateJob } from "../fixtures/jobs.ts";
import {
  openScripted,
  reached,
  scriptedManifest,
  submission,
} from "../fixtures/scripted-registry.ts";

const loadOf = (manifest: Manifest): ToWorker => ({
  kind: "load",
  engine: "scripted",
  source: sourceOf(manifest, 1),
  maxStepMs: 60_000,
});

const folder = mkdtempSync(join(tmpdir(), "inferd-loading-"));
let registry = openScripted();

afterEach(async () => {
  await registry.close(0);
  registry = openScripted();
});

afterAll(() => rmSync(folder, { recursive: true }));

it("fails a model whose engine cannot load it, once, and serves the others", async () => {
  registry.load(scriptedManifest({ name: "bad", options: { load_fail: "not a model" } }));
  registry.load(scriptedManifest({ name: "good" }));
  const bad = await reached(registry, "bad", "failed");
  await reached(registry, "good", "ready");
  expect(bad.failure).toBe("not a model");
  expect(registry.pidsOf("bad")).toEqual([]);
  expect(() => registry.resolve("bad", "generate")).toThrow(
    expect.objectContaining({ reason: "MODEL_FAILED" }),
  );
  const events = await collect(registry.resolve("good", "generate").run(submission("say a")));
  expect(events).toHaveLength(3);
});

it("tells of a failure no more than answers should carry", async () => {
  registry.load(scriptedManifest({ options: { load_fail: "x".repeat(1_000_000) } }));
  const { failure } = await reached(registry, "scripted", "failed");
  expect(failure).toMatch(/^x{2000}…$/);
});

it.each([
  { exits: 2, state: "ready", loads: 3 },
  { exits: 3, state: "failed", loads: 3 },
] as const)("is $state when loading crashes $exits times", async ({ exits, state, loads }) => {
  const file = join(folder, `loads-${exits}`);
  registry.load(scriptedManifest({ options: { load_exits: exits, loads_file: file } }));
  await reached(registry, "scripted", state);
  expect(readFileSync(file, "utf8").trim().split("\n")).toHaveLength(loads);
});

it.each([
  {
    title: "a missing engine",
    engine: join(folder, "nothing.ts"),
    source: undefined,
    says: "nothing.ts does not exist",
  },
  {
    title: "a module that exports no load",
    engine: join(folder, "empty.mjs"),
    source: "",
    says: "the engine's module",
  },
  {
    title: "a module that throws",
    engine: join(folder, "throws.mjs"),
    source: "throw new Error('at import')",
    says: "the engine's module",
  },
])("fails a model with $title, and names no path", async ({ engine, source, says }) => {
  if (source !== undefined) writeFileSync(engine, source);
  registry.load(scriptedManifest({ engine }));
  const status = await reached(registry, "scripted", "failed");
  expect(status.failure).toContain(says);
  expect(status.failure).not.toContain(folder);
});

const refusing = `export const load = serveFunctions({
  *generate({ prompt }) {
    if (prompt === "no") throw new ServeError("PROMPT_TOO_LONG", "too long");
    yield prompt;
  },
});`;

it.each([
  { name: "in TypeScript", file: "own.ts", source: refusing, takes: "import" },
  { name: "in JavaScript", file: "own.mjs", source: refusing, takes: "import" },
  {
    name: "in CommonJS",
    file: "own.cjs",
    source: refusing.replace("export const load", "exports.load"),
    takes: "require",
  },
])("gives a module $name the server's own interface wherever it lies", async (module) => {
  const outside = mkdtempSync(join(folder, "outside-"));
  // What else is installed under the name is not asked.
  const other = join(outside, "node_modules/inferd");
  mkdirSync(other, { recursive: true });
  writeFileSync(join(other, "package.json"), '{ "name": "inferd", "exports": {} }');
  const take = (name: string, from: string) =>
    module.takes === "import"
      ? `import { ${name} } from "${from}";\n`
      : `const { ${name} } = require("${from}");\n`;
  const head =
    take("ServeError", "inferd/engine") + take("serveFunctions", "inferd/engine/functions");
  const engine = join(outside, module.file);
  writeFileSync(engine, head + module.source);
  registry.load(scriptedManifest({ engine }));
  await reached(registry, "scripted", "ready");
  const run = (script: string) =>
    collect(registry.resolve("scripted", "generate").run(submission(script)));
  expect((await run("hello"))[1]).toMatchObject({ kind: "piece", text: "hello" });
  await expect(run("no")).rejects.toMatchObject({ reason: "PROMPT_TOO_LONG" });
});

it("fails a model whose files are not those of the manifest", async () => {
  const path = join(folder, "weights");
  writeFileSync(path, "abc");
  registry.load(scriptedManifest({ files: { model: { path, sha256: "0".repeat(64) } } }));
  const status = await reached(registry, "scripted", "failed");
  expect(status.failure).toContain("weights has another sha256 than the manifest states");
  expect(status.digest).toBe("");
});

it("fails a model whose engine cannot do the manifest's task", async () => {
  const engine = join(folder, "embeds.mjs");
  const functions = join(import.meta.dirname, "../../src/engines/functions/index.ts");
  writeFileSync(
    engine,
    `import { serveFunctions } from ${JSON.stringify(functions)};
     export const load = serveFunctions({ dimensions: 1, embed: (texts) => texts.map(() => [1]) });`,
  );
  registry.load(scriptedManifest({ engine }));
  const status = await reached(registry, "scripted", "failed");
  expect(status.failure).toContain("embed");
  await vi.waitFor(() => expect(registry.pidsOf("scripted")).toEqual([]), { timeout: 10_000 });
});

it("fails a model whose engine says nothing sensible of it", async () => {
  const engine = join(folder, "mute.mjs");
  writeFileSync(engine, "export const load = () => ({});");
  registry.load(scriptedManifest({ engine }));
  const status = await reached(registry, "scripted", "failed");
  expect(status.failure).toBe("the engine has no info");
});

it("logs what an engine says at a level that there is not", async () => {
  await registry.close(0);
  const lines: unknown[] = [];
  const log: Log = {
    ...silentLog,
    info: (_, message) => lines.push(message),
    child: () => log,
  };
  registry = openScripted({ log });
  const engine = join(folder, "talks.mjs");
  writeFileSync(
    engine,
    `export const load = (_, host) => {
       host.progress("half");
       host.log("warning", "it talks");
       throw new Error("enough");
     };`,
  );
  registry.load(scriptedManifest({ engine }));
  expect((await reached(registry, "scripted", "failed")).failure).toBe("enough");
  expect(lines).toContain("it talks");
});

it("answers for itself while it loads", async () => {
  const port = forkWorker(process.env);
  const answered = new Promise<void>((resolve) =>
    port.onMessage(({ kind }) => kind === "pong" && resolve()),
  );
  const manifest = scriptedManifest({ options: { load_gate: join(folder, "pong-gate") } });
  port.send(loadOf(manifest));
  port.send({ kind: "ping" });
  await answered;
  port.kill();
});

it("obeys what came while it loaded", async () => {
  const gate = join(folder, "early-gate");
  const port = forkWorker(process.env);
  const answered = new Promise<unknown>((resolve) =>
    port.onMessage((message) => message.kind === "step" && resolve(message.events[0])),
  );
  const manifest = scriptedManifest({ options: { load_gate: gate } });
  port.send(loadOf(manifest));
  port.send({
    kind: "job",
    id: 7,
    job: generateJob("say a"),
    requestId: "request-1",
    priority: "interactive",
    leftMs: Infinity,
    credit: 10,
  });
  writeFileSync(gate, "");
  expect(await answered).toEqual({ id: 7, event: { kind: "started" } });
  port.kill();
});

it("refuses calls while it loads, reports progress, then serves", async () => {
  const gate = join(folder, "gate");
  const fractions: number[] = [];
  registry.onProgress((_, fraction) => fractions.push(fraction));
  registry.load(scriptedManifest({ options: { load_gate: gate } }));
  expect(() => registry.resolve("scripted", "generate")).toThrow(
    expect.objectContaining({ reason: "MODEL_NOT_READY", retryAfterMs: 1000 }),
  );
  writeFileSync(gate, "");
  const status = await reached(registry, "scripted", "ready");
  expect(fractions.at(-1)).toBe(1);
  expect(status.info?.libraries).toEqual([{ name: "scripted", version: "1" }]);
});

it("starts no worker for a model whose file is missing, and serves the others", async () => {
  await registry.close(0);
  let started = 0;
  registry = openScripted({
    start: (environment) => {
      started += 1;
      return forkWorker(environment);
    },
  });
  const path = join(folder, "nothing.gguf");
  const names = Array.from({ length: 40 }, (_, index) => `missing-${index}`);
  for (const name of names) {
    registry.load(scriptedManifest({ name, files: { model: { path, sha256: undefined } } }));
  }
  registry.load(scriptedManifest());
  await reached(registry, "scripted", "ready");
  for (const name of names) {
    const { failure } = await reached(registry, name, "failed");
    expect(failure).toBe("nothing.gguf does not exist: put it there, or correct its path");
  }
  expect(started).toBe(1);
});

it("loads as many workers at once as there are cores, and turns to callers between two starts", async () => {
  await registry.close(0);
  const ports: FakePort[] = [];
  const startsInTurn: number[] = [];
  let starts = 0;
  registry = openScripted({
    cores: 3,
    start: () => {
      starts += 1;
      setImmediate(() => {
        startsInTurn.push(starts);
        starts = 0;
      });
      ports.push(new FakePort());
      return ports.at(-1)!;
    },
  });
  for (let index = 0; index < 5; index++) {
    registry.load(scriptedManifest({ name: `model-${index}`, replicas: 4 }));
  }
  for (let loaded = 0; loaded < 20; loaded++) {
    await vi.waitFor(() => expect(ports).toHaveLength(Math.min(20, loaded + 3)), {
      timeout: 10_000,
    });
    ports[loaded]!.ready();
  }
  await Promise.all(
    registry.list().map(({ manifest: { name } }) => reached(registry, name, "ready")),
  );
  expect(startsInTurn).toEqual(Array.from({ length: 20 }, () => 1));
  for (const port of ports) port.exit();
});

it("does not serve weights that were put in the place of those of the stated digest, when a worker starts again", async () => {
  const path = join(folder, "replaced");
  writeFileSync(path, "abc");
  const sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  registry.load(scriptedManifest({ files: { model: { path, sha256 } } }));
  expect((await reached(registry, "scripted", "ready")).digest).toBe(`sha256:${sha256}`);
  rmSync(path);
  writeFileSync(path, "other weights");
  process.kill(registry.pidsOf("scripted")[0]!, "SIGKILL");
  const { failure } = await reached(registry, "scripted", "failed");
  expect(failure).toContain("replaced has another sha256 than the manifest states");
});
