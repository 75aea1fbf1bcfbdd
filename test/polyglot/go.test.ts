import { resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { foreignClients } from "../../bench/lib/foreign.ts";
import type { Launch } from "../../bench/lib/timed-calls.ts";
import { type RealServer, startServer } from "../real-server.ts";
import { command } from "../command.ts";
import { goClients } from "../fixtures/foreign-clients.ts";
import { restartUnder } from "./restart.ts";
import { rollUnder } from "./rolling.ts";
import { testTimedCalls } from "./timed-calls.ts";

let cancelBurst: string;
let rolling: string;
let timedCalls: Launch;
let server: RealServer | undefined;

beforeAll(async () => {
  const build = await goClients();
  cancelBurst = await build("go-cancel-burst", resolve("test/polyglot/cancel_burst.go"));
  rolling = await build("go-rolling", resolve("test/polyglot/rolling.go"));
  timedCalls = await foreignClients["grpc-go"]();
  server = await startServer("bin/inferd serve");
}, 600_000);

afterAll(() => server?.stop());

it("cancels 2,000 and then 5,000 calls at once, and keeps another stream of that connection", async () => {
  expect(await command(cancelBurst, [server!.address])).toBe("2000: kept\n5000: kept\n");
}, 120_000);

it("fails no call while three servers are replaced one after another", async () => {
  const seen = await rollUnder(rolling, []);
  expect(seen.failed).toEqual([]);
  expect(Math.min(seen.unary, seen.streams)).toBeGreaterThan(20);
}, 120_000);

it("fails no call while its only server is restarted and loads its model", async () => {
  const seen = await restartUnder(rolling, []);
  expect(seen.failed).toEqual([]);
  expect(Math.min(seen.unary, seen.streams)).toBeGreaterThan(0);
}, 120_000);

testTimedCalls(() => timedCalls);
