/** A server whose log nobody reads, as behind a log driver that has stopped. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, credentials } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { freePort } from "./free-port.ts";
import { binary } from "./process.ts";

let folder: string;
let client: Client;
let port: number;
const closing: (() => void)[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "inferd-log-"));
  mkdirSync(join(folder, "scripted"));
  const manifest = "name: scripted\ntask: generate\nengine: scripted\n";
  writeFileSync(join(folder, "scripted/model.yaml"), manifest);
  port = await freePort();
  client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
});

afterEach(() => {
  client.close();
  for (const close of closing.splice(0).reverse()) close();
  rmSync(folder, { recursive: true });
});

/** A server whose standard error is that; its standard output is nobody's. */
function serve(stderr: "pipe" | number) {
  const flags = ["--port", String(port), "--model", join(folder, "scripted")];
  const child = spawn(binary, ["serve", ...flags], { stdio: ["ignore", "ignore", stderr] });
  closing.push(() => child.kill("SIGKILL"));
  return child;
}

/** A call that leaves a line in the log. */
const list = (): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const same = (bytes: Buffer): Buffer => bytes;
    const deadline = performance.timeOrigin + performance.now() + 5000;
    client.makeUnaryRequest(
      "/inferd.v1.ModelService/ListModels",
      same,
      same,
      Buffer.alloc(0),
      { deadline },
      (error, value) => (error === null && value !== undefined ? resolve(value) : reject(error!)),
    );
  });

async function calls(count: number): Promise<void> {
  let left = count;
  const caller = async (): Promise<void> => {
    while (left-- > 0) await list();
  };
  await Promise.all(Array.from({ length: 32 }, caller));
}

const answers = () => vi.waitFor(list, { timeout: 15_000, interval: 100 });

/** A pipe whose reader is we, and who reads when told to. */
function fifo() {
  const path = join(folder, "log");
  execFileSync("mkfifo", [path]);
  // For both, so that neither opening nor the other end's death ends it.
  const fd = openSync(path, "r+");
  closing.push(() => closeSync(fd));
  return fd;
}

it("serves on while its pipe is full, and tells what was lost when somebody reads", async () => {
  const fd = fifo();
  serve(fd);
  await answers();
  // A pipe takes 64 KiB, the server keeps 1 MiB, and a line has some 150 bytes.
  await calls(12_000);
  const bytes = Buffer.alloc(65_536);
  let text = "";
  await vi.waitFor(
    async () => {
      text += bytes.toString("utf8", 0, readSync(fd, bytes));
      await list();
      expect(text).toContain("lines are lost");
    },
    { timeout: 15_000, interval: 1 },
  );
  const lines = text.split("\n").slice(0, -1);
  const lost = lines.find((line) => line.includes("lines are lost"))!;
  expect(Number(/"lines":(\d+)/.exec(lost)![1])).toBeGreaterThan(1000);
  for (const line of lines) expect(() => JSON.parse(line) as unknown).not.toThrow();
}, 60_000);

it.each(["pipe", "socket"])(
  "ends by a signal while its %s is full",
  async (kind) => {
    const child = serve(kind === "pipe" ? fifo() : "pipe");
    await answers();
    await calls(4000);
    const exited = once(child, "exit");
    child.kill("SIGINT");
    expect((await exited)[0]).toBe(0);
  },
  60_000,
);
