import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openServer } from "../../src/grpc/server.ts";
import { call, echoes, kinds, kindsClient, serverOptions } from "./support.ts";

let folder: string;
let path: string;
let closing: (() => Promise<void> | void)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "inferd-"));
  path = join(folder, "inferd.sock");
});

afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
  rmSync(folder, { recursive: true });
});

async function listen(host = `unix:${path}`) {
  const server = openServer(serverOptions);
  closing.push(() => server.drain(0));
  server.addService(kinds, echoes);
  server.health.set("", true);
  return { server, port: await server.listen(host, 0) };
}

async function answerAt(address: string): Promise<readonly string[]> {
  const client = kindsClient(address);
  closing.push(() => client.close());
  return (await call(client, "unary", ["hello"])).responses;
}

it("serves a socket, which its owner alone may use and which ends with the server", async () => {
  const { server, port } = await listen();
  expect(port).toBe(0);
  expect((statSync(path).mode & 0o777).toString(8)).toBe("600");
  expect(await answerAt(`unix:${path}`)).toEqual(["hello"]);
  expect(await answerAt(`unix://${path}`)).toEqual(["hello"]);
  await server.drain(0);
  expect(existsSync(path)).toBe(false);
});

it("takes the place of a server that was killed", async () => {
  // What a killed process leaves.
  const left = createServer();
  await new Promise<void>((listening) => left.listen(path, listening));
  // Node would remove it; a rename keeps the file of the socket.
  renameSync(path, `${path}.kept`);
  await new Promise((closed) => left.close(closed));
  renameSync(`${path}.kept`, path);
  await listen();
  expect(await answerAt(`unix:${path}`)).toEqual(["hello"]);
});

it("leaves another server its socket", async () => {
  await listen();
  await expect(listen()).rejects.toThrow(/another server listens on/);
  expect(await answerAt(`unix:${path}`)).toEqual(["hello"]);
});

it("removes no file that is no socket", async () => {
  writeFileSync(path, "mine");
  await expect(listen()).rejects.toThrow(/is no socket; remove it, or choose another path/);
  expect(existsSync(path)).toBe(true);
});

it.each([
  ["unix:", /needs the path/],
  [`unix:/${"x".repeat(110)}`, /at most 103 bytes/],
  ["unix:/no-such-folder/inferd.sock", /its folder does not exist$/],
])("says why it cannot listen on %s", async (host, why) => {
  await expect(listen(host)).rejects.toThrow(why);
});

const grpcurl = ".tools/bin/grpcurl";
it.runIf(existsSync(grpcurl))("is reached by grpcurl", async () => {
  await listen();
  const { stdout } = await promisify(execFile)(grpcurl, [
    ...["-plaintext", "-unix", path],
    "grpc.health.v1.Health/Check",
  ]);
  expect(JSON.parse(stdout)).toEqual({ status: "SERVING" });
});
