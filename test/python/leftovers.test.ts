/** Processes and threads that user code leaves running: the server ends all the same, and none is left. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { afterAll, expect, it, vi } from "vitest";
import { describePython } from "./interpreter.ts";
import { openSite, type Serving } from "./site.ts";

vi.setConfig({ testTimeout: 90_000, hookTimeout: 120_000 });

const isLinux = process.platform === "linux";

function isAlive(pid: number): boolean {
  const stat = `/proc/${pid}/stat`;
  return existsSync(stat) && !/\) Z/.test(readFileSync(stat, "utf8"));
}

/** A process and all that it has started, and so on. */
function treeOf(root: number): readonly number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc").filter((one) => /^\d+$/.test(one))) {
    const path = `/proc/${name}/stat`;
    if (!isAlive(Number(name))) continue;
    const stat = readFileSync(path, "utf8");
    parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
  }
  const tree = [root];
  for (const pid of tree) for (const [child, of] of parents) if (of === pid) tree.push(child);
  return tree;
}

describePython("what user code has started", () => {
  const site = openSite();

  afterAll(() => {
    for (const pid of site.notes("daemons").map(Number)) if (isAlive(pid)) process.kill(pid);
  });

  async function started(): Promise<Serving & { readonly pids: readonly number[] }> {
    const serving = await site.serve(["parent.py"], "--grace-ms", "1000");
    expect(await serving.caller.generate("parent", "say")).toMatchObject({ text: "on" });
    const children = site.notes("children").slice(-3).map(Number);
    const daemons = site.notes("daemons").map(Number);
    const pids = [...new Set([...treeOf(serving.server.pid), ...children])].filter(
      (pid) => !daemons.includes(pid),
    );
    expect(pids.filter(isAlive)).toEqual(pids);
    // The front, a worker, the interpreter, and its three.
    expect(pids.length).toBeGreaterThanOrEqual(6);
    return { ...serving, pids };
  }

  it.runIf(isLinux)("ends with the server", async () => {
    const { server, pids } = await started();
    expect(await server.stop()).toBe("stopped");
    expect(await server.ended).toBe(0);
    await vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]), { timeout: 5_000 });
  });

  it.runIf(isLinux)("ends also where the server is killed", async () => {
    const { server, pids } = await started();
    process.kill(server.pid, "SIGKILL");
    await vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]), { timeout: 20_000 });
  });

  it.runIf(isLinux)(
    "ends though it holds the interpreter's lock when the server is killed",
    async () => {
      const { caller, server } = await site.serve(["victim.py"]);
      const { text: pid } = await caller.generate("victim", "pid");
      const stream = caller.stream("victim", "begin hold");
      await stream.begun;
      expect(isAlive(Number(pid))).toBe(true);
      process.kill(server.pid, "SIGKILL");
      await vi.waitFor(() => expect(isAlive(Number(pid))).toBe(false), { timeout: 20_000 });
    },
  );
});
