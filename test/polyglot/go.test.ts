import { delimiter, dirname, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type RealServer, startServer } from "../real-server.ts";
import { command } from "../command.ts";
import { rollUnder } from "./rolling.ts";

const example = "examples/go";
const client = resolve(".tools/go-client");
const rolling = resolve(".tools/go-rolling");

let server: RealServer | undefined;

beforeAll(async () => {
  // buf is a script for Node, and runs the Go plugins.
  const path = [resolve("node_modules/.bin"), dirname(process.execPath), process.env["PATH"]];
  const options = { cwd: example, env: { PATH: path.join(delimiter) } };
  await command("go", ["version"], { install: "install Go 1.26 or newer" });
  await command("buf", ["generate"], options);
  await command("go", ["build", "-o", client, "."], options);
  const source = resolve("test/polyglot/rolling.go");
  await command("go", ["build", "-o", rolling, source], options);
  server = await startServer("bin/inferd serve");
}, 600_000);

afterAll(() => server?.stop());

it("streams, embeds, and sees health, rich errors and deadlines", async () => {
  const output = await command(client, ["-address", server!.address]);
  expect(output).toMatch(
    new RegExp(
      [
        /^health: SERVING\n/,
        /.{20,}\n/,
        /finish: FINISH_REASON_(?:STOP|LENGTH) after [1-9]\d* tokens\n/,
        /similarity: 0\.\d{3}\n/,
        /refused: InvalidArgument FIELD_INVALID; sampling\.temperature: .+\n/,
        /hurried: DeadlineExceeded\n$/,
      ]
        .map(({ source }) => source)
        .join(""),
      "s",
    ),
  );
}, 120_000);

it("fails no call while three servers are replaced one after another", async () => {
  const seen = await rollUnder(rolling, []);
  expect(seen.failed).toEqual([]);
  expect(Math.min(seen.unary, seen.streams)).toBeGreaterThan(20);
});

it("is served by a full server in the end, by gRPC's own retries", async () => {
  const narrow = await startServer("bin/inferd serve --model test/fixtures/narrow.yaml");
  try {
    const output = await command(client, ["-address", narrow.address, "-patient", "8"]);
    expect(output).toBe("served 8 of 8\n");
  } finally {
    await narrow.stop();
  }
}, 120_000);
