import { readFileSync } from "node:fs";
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
let timedCalls: Launch;
let server: RealServer | undefined;
const run = (script: string, { address } = server!) =>
  command(python, [script, address], { cwd: example, env: { PYTHONUTF8: "1" } });

beforeAll(async () => {
  ({ python } = await pythonClients());
  timedCalls = await foreignClients.grpcio();
  server = await startServer("bin/inferd serve");
}, 600_000);

afterAll(() => server?.stop());

it("streams text and compares two sentences in fifteen lines", async () => {
  const output = await run("client.py");
  const [, text, similarity] = /^(.+)\nsimilarity: (-?[\d.]+)\n$/s.exec(output)!;
  expect(text!.length).toBeGreaterThan(20);
  expect(Number(similarity)).toBeGreaterThan(0.4);
  expect(Number(similarity)).toBeLessThan(1);
  const lines = readFileSync(join(example, "client.py"), "utf8").trimEnd().split("\n");
  expect(lines.length).toBeLessThanOrEqual(15);
}, 120_000);

it("sees health, rich errors, deadlines, cancellation and failed items", async () => {
  const lines = (await run("careful_client.py")).trimEnd().split("\n");
  expect(lines).toEqual([
    "health (server): SERVING",
    "health inferd.v1.GenerationService: SERVING",
    "health inferd.v1.EmbeddingService: SERVING",
    expect.stringMatching(
      /^error INVALID_ARGUMENT; FIELD_INVALID; sampling\.temperature: .+; sampling\.top_p: .+$/,
    ),
    "deadline DEADLINE_EXCEEDED",
    "cancel CANCELLED",
    "vector 0: 384",
    "vector 1: INPUT_TOO_LONG",
    "vector 2: 384",
    expect.stringMatching(/^vectors finish: [1-9]\d* tokens$/),
    "vector of 64 dimensions",
  ]);
}, 120_000);

it("receives 4,096 vectors in the ways that the proto names, and says why not in one message", async () => {
  const script = resolve("test/polyglot/many_vectors.py");
  const env = { PYTHONUTF8: "1", PYTHONPATH: resolve(example) };
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
  const seen = await rollUnder(python, [resolve("test/polyglot/rolling.py")], {
    PYTHONPATH: resolve(example),
  });
  expect(seen.failed).toEqual([]);
  expect(Math.min(seen.unary, seen.streams)).toBeGreaterThan(20);
}, 120_000);

it("fails no call while its only server is restarted and loads its model", async () => {
  const seen = await restartUnder(python, [resolve("test/polyglot/rolling.py")], {
    PYTHONPATH: resolve(example),
  });
  expect(seen.failed).toEqual([]);
  expect(Math.min(seen.unary, seen.streams)).toBeGreaterThan(0);
}, 120_000);

it("is served by a full server in the end, by gRPC's own retries", async () => {
  const narrow = await startServer("bin/inferd serve --model test/fixtures/narrow.yaml");
  try {
    expect(await run("patient_client.py", narrow)).toBe("served 8 of 8\n");
  } finally {
    await narrow.stop();
  }
}, 120_000);

testTimedCalls(() => timedCalls);
