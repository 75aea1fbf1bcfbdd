import { copyFileSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { foreignClients } from "../../bench/lib/foreign.ts";
import type { Launch } from "../../bench/lib/timed-calls.ts";
import { type RealServer, startServer } from "../real-server.ts";
import { command } from "../command.ts";
import { pythonClients } from "../fixtures/foreign-clients.ts";
import { restartUnder } from "./restart.ts";
import { rollUnder } from "./rolling.ts";
import { testTimedCalls } from "./timed-calls.ts";

const example = "examples/python";

let python: string;
let stubs: string;
let env: Readonly<Record<string, string>>;
let timedCalls: Launch;
let server: RealServer | undefined;

beforeAll(async () => {
  ({ python, stubs } = await pythonClients());
  env = { PYTHONUTF8: "1", PYTHONPATH: stubs };
  timedCalls = await foreignClients.grpcio();
  server = await startServer("bin/inferd serve");
}, 600_000);

afterAll(() => server?.stop());

it("streams text and compares two sentences in fifteen lines", async () => {
  // From beside its stubs, which are not those in the example's folder.
  copyFileSync(join(example, "client.py"), join(stubs, "client.py"));
  const output = await command(python, [join(stubs, "client.py"), server!.address], { env });
  const [, text, similarity] = /^(.+)\nsimilarity: (-?[\d.]+)\n$/s.exec(output)!;
  expect(text!.length).toBeGreaterThan(20);
  expect(Number(similarity)).toBeGreaterThan(0.4);
  expect(Number(similarity)).toBeLessThan(1);
  const lines = readFileSync(join(example, "client.py"), "utf8").trimEnd().split("\n");
  expect(lines.length).toBeLessThanOrEqual(15);
}, 120_000);

it("receives 4,096 vectors in the ways that the proto names, and says why not in one message", async () => {
  const script = resolve("test/polyglot/many_vectors.py");
  const roomy = await startServer("bin/inferd serve --max-response-bytes 8388608");
  try {
    const output = await command(python, [script, server!.address, roomy.address], { env });
    expect(output.trimEnd().split("\n")).toEqual([
      expect.stringMatching(/^float32: INVALID_ARGUMENT; .* at most 2\d\d\d texts a call/),
      "float16: 4096",
      "stream: 4096",
      "raised: 4096",
    ]);
  } finally {
    await roomy.stop();
  }
}, 300_000);

it("cancels 2,000 and then 5,000 calls at once, and keeps another stream of that connection", async () => {
  const script = resolve("test/polyglot/cancel_burst.py");
  expect(await command(python, [script, server!.address])).toBe("2000: kept\n5000: kept\n");
}, 120_000);

it("fails no call while three servers are replaced one after another", async () => {
  const seen = await rollUnder(python, [resolve("test/polyglot/rolling.py")], env);
  expect(seen.failed).toEqual([]);
  expect(Math.min(seen.unary, seen.streams)).toBeGreaterThan(20);
}, 120_000);

it("fails no call while its only server is restarted and loads its model", async () => {
  const seen = await restartUnder(python, [resolve("test/polyglot/rolling.py")], env);
  expect(seen.failed).toEqual([]);
  expect(Math.min(seen.unary, seen.streams)).toBeGreaterThan(0);
}, 120_000);

testTimedCalls(() => timedCalls);
