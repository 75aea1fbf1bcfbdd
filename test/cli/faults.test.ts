/** The server as a process, while what it stands on fails: files, disks, descriptors, ports, itself. */
import { spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { connect, type Socket } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { freePort } from "./free-port.ts";
import { binary, inferd, Running, start } from "./process.ts";

let folder: string;
let server: Running | undefined;

function addModel(name: string, rest: string): string {
  mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, name, "model.yaml"), `name: ${name}\ntask: generate\n${rest}\n`);
  return join(folder, name);
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "inferd-faults-"));
  addModel("scripted", "engine: scripted");
});

afterEach(async () => {
  server?.child.kill("SIGKILL");
  await server?.ended;
  server = undefined;
});

afterAll(() => rmSync(folder, { recursive: true }));

const flags = () => ["serve", "--port", "0", "--model", join(folder, "scripted")];

/** Runs a shell line in which `"$@"` is the server. */
function shell(line: string, ...more: string[]): Running {
  const child = spawn("sh", ["-c", line, "sh", binary, ...flags(), ...more], { stdio: "pipe" });
  server = new Running(child);
  return server;
}

async function ready(running: Running): Promise<string> {
  return /"address":"([^"]+)"/.exec(await running.printed('"msg":"ready"'))![1]!;
}

async function serves(address: string): Promise<void> {
  const { code, out } = await inferd(["generate", "say yes", "--address", address]);
  expect([code, out]).toEqual([0, expect.stringContaining("yes")]);
}

/** The processes that a process has started; a zombie is none. */
function childrenOf(pid: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "utf8");
        const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        return parent === String(pid) && state !== "Z";
      } catch {
        return false;
      }
    })
    .map(Number);
}

function isAlive(pid: number): boolean {
  const stat = `/proc/${pid}/stat`;
  return existsSync(stat) && !/\) Z/.test(readFileSync(stat, "utf8"));
}

describe.runIf(process.platform === "linux")("a server that is killed", () => {
  it("leaves no process, not even one in a step that does not end, and its supervisor sees how", async () => {
    server = start(flags());
    const address = await ready(server);
    const [worker = 0] = childrenOf(server.child.pid!);
    const call = start(["generate", "say one; hang", "--address", address]);
    await call.printed("one");
    expect(isAlive(worker)).toBe(true);
    server.child.kill("SIGKILL");
    await server.ended;
    expect(server.child.signalCode).toBe("SIGKILL");
    await vi.waitFor(() => expect(isAlive(worker)).toBe(false), { timeout: 5000, interval: 20 });
    expect(await call.ended).toMatchObject({ code: 1 });
  });
});

describe("a server serves on", () => {
  it("while its log goes to a full disk", async () => {
    const port = await freePort();
    shell('exec "$@" 2>/dev/full', "--port", String(port));
    await vi.waitFor(async () => serves(`127.0.0.1:${port}`), { timeout: 15_000, interval: 100 });
    server?.child.kill("SIGTERM");
    expect(await server?.ended).toMatchObject({ code: 0 });
  });

  it("without a place for its compile cache", async () => {
    await serves(await ready(shell('NODE_COMPILE_CACHE=/dev/null/none exec "$@"')));
  });

  it("after a flood of connections that used up its file descriptors", async () => {
    const running = shell('ulimit -n 80; exec "$@"');
    const address = await ready(running);
    const sockets = await Promise.all(Array.from({ length: 200 }, () => open(address)));
    for (const socket of sockets) socket.destroy();
    await vi.waitFor(async () => serves(address), { timeout: 15_000, interval: 100 });
    expect(running.child.exitCode).toBe(null);
  });

  it("and starts a worker again while callers hold all connections that the limit of descriptors allows", async () => {
    const running = shell('ulimit -n 64; exec "$@"');
    const address = await ready(running);
    const log = await running.printed("the limit of open files is too low for all connections");
    expect(log).toContain('"openFilesLimit":64,');
    const sockets = await Promise.all(Array.from({ length: 100 }, () => open(address)));
    await running.printed('"reason":"TOO_MANY_CONNECTIONS"');
    const [worker = 0] = childrenOf(running.child.pid!);
    process.kill(worker, "SIGKILL");
    const readyAgain = /"msg":"model ready".*"msg":"worker exited.*"msg":"model ready"/s;
    await vi.waitFor(async () => expect(await running.printed("")).toMatch(readyAgain), {
      timeout: 15_000,
      interval: 50,
    });
    for (const socket of sockets) socket.destroy();
    await vi.waitFor(async () => serves(address), { timeout: 15_000, interval: 100 });
    expect(running.child.exitCode).toBe(null);
  });
});

/** A connection that says nothing; also one that the server has closed at once. */
function open(address: string): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(Number(address.split(":").at(-1)), "127.0.0.1");
    socket.on("error", () => resolve(socket)).on("connect", () => resolve(socket));
  });
}

it("refuses a port that is taken in one line, with code 1", async () => {
  const first = start(flags());
  server = first;
  const port = (await ready(first)).split(":").at(-1)!;
  const { code, err } = await inferd([...flags(), "--port", port]);
  expect(code).toBe(1);
  expect(err).toMatch(/^inferd: .*\n$/);
  expect(err).toContain(port);
});

const hasIpv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === "::1"),
);

it.runIf(hasIpv6).each(["::1", "::"])("listens on %s, and is called by IPv6", async (host) => {
  server = start([...flags(), "--host", host, "--allow-unauthenticated"]);
  const address = await ready(server);
  await serves(`[::1]:${address.split(":").at(-1)}`);
});
