/** `inferd serve` whose models folder changes, as an operator changes it: files first, then SIGHUP. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { inferd, type Running, start } from "./process.ts";

let folder: string;
let server: Running;
let address: string;

function put(name: string, rest = ""): void {
  mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(
    join(folder, name, "model.yaml"),
    `name: ${name}\ntask: generate\nengine: scripted\n${rest}\n`,
  );
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "inferd-reload-"));
  for (const name of ["kept", "gone", "changed"]) put(name, "options: { step_ms: 20 }");
  server = start(["serve", "--port", "0", "--models", folder]);
  address = /"address":"([^"]+)"/.exec(await server.printed('"msg":"ready"'))![1]!;
});

afterEach(async () => {
  server.child.kill("SIGKILL");
  await server.ended;
  rmSync(folder, { recursive: true });
});

const generate = (model: string, script = "say yes") =>
  inferd(["generate", script, "--model", model, "--address", address]);

async function states(): Promise<Record<string, string>> {
  const { out } = await inferd(["call", "ListModels", "--address", address]);
  const { models } = JSON.parse(out) as { models: { name: string; state: string }[] };
  return Object.fromEntries(models.map(({ name, state }) => [name, state]));
}

it("loads what is new, replaces what has changed, and ends what is gone when its calls have", async () => {
  // A step takes 20 ms, so it goes on for some seconds.
  const script = "say one; repeat 200  two";
  const running = start(["generate", script, "--model", "gone", "--address", address]);
  await running.printed("one");
  rmSync(join(folder, "gone"), { recursive: true });
  put("added");
  put("changed", 'version: "2"');
  server.child.kill("SIGHUP");
  await server.printed('"load":["added"],"replace":["changed"],"unload":["gone"]');
  await server.printed('"model":"added","slots"');
  await server.printed("configuration read again");
  expect((await generate("gone")).err).toContain("NOT_FOUND (MODEL_NOT_FOUND)");
  for (const name of ["added", "changed", "kept"]) expect((await generate(name)).out).toBe("yes\n");
  expect(running.child.exitCode).toBe(null);
  expect(await running.ended).toMatchObject({ code: 0, out: `one${" two".repeat(200)}\n` });
});

it("changes nothing where a manifest is wrong", async () => {
  const before = await states();
  put("added");
  writeFileSync(join(folder, "changed", "model.yaml"), "name: changed\ntask: sing\n");
  server.child.kill("SIGHUP");
  const log = await server.printed("nothing was changed");
  expect(log).toContain("changed/model.yaml:2: task must be");
  expect(await states()).toEqual(before);
});

it("reads nothing again once it was told to end", async () => {
  const script = "say one; repeat 100  two";
  const running = start(["generate", script, "--model", "kept", "--address", address]);
  await running.printed("one");
  server.child.kill("SIGTERM");
  await server.printed("draining");
  put("added");
  server.child.kill("SIGHUP");
  await server.printed("the server is ending; the configuration stays as it is");
  expect(await running.ended).toMatchObject({ code: 0, out: `one${" two".repeat(100)}\n` });
  expect(await server.ended).toMatchObject({ code: 0 });
});

it("stays ready while a model loads that was added", async () => {
  put("added", `options: { load_gate: ${join(folder, "gate")} }`);
  server.child.kill("SIGHUP");
  await server.printed("configuration read again");
  const check = (service: string) => {
    const request = JSON.stringify({ service });
    return inferd(["call", "grpc.health.v1.Health/Check", request, "--address", address]);
  };
  expect((await check("readiness")).out).toContain('"SERVING"');
  expect((await check("model:added")).out).toContain('"NOT_SERVING"');
  writeFileSync(join(folder, "gate"), "");
  await server.printed('"model":"added","slots"');
  expect((await check("model:added")).out).toContain('"SERVING"');
});
