import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it, vi } from "vitest";
import { collect } from "../fixtures/jobs.ts";
import {
  openScripted,
  reached,
  scriptedManifest,
  submission,
} from "../fixtures/scripted-registry.ts";

/** A zombie, which nobody in a container may collect, is dead. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = `/proc/${pid}/stat`;
  return !existsSync(stat) || !/\) Z/.test(readFileSync(stat, "utf8"));
}

describe("a worker whose server is killed", () => {
  it.each(["idle", "busy", "hung"])("ends by itself when it is %s", async (state) => {
    const script = fileURLToPath(new URL("../fixtures/orphaning-parent.ts", import.meta.url));
    const parent = spawn(process.execPath, [script, state], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(parent.stdout, "data")) as [Buffer];
    const worker = Number(line.toString());
    expect(isAlive(worker)).toBe(true);
    parent.kill("SIGKILL");
    await vi.waitFor(() => expect(isAlive(worker)).toBe(false), { timeout: 5000, interval: 20 });
  });
});

describe("closing", () => {
  let registry = openScripted();

  afterEach(async () => {
    await registry.close(0);
    registry = openScripted();
  });

  async function start(options = {}) {
    registry.load(scriptedManifest({ options }));
    await reached(registry, "scripted", "ready");
    const [pid = 0] = registry.pidsOf("scripted");
    return { model: registry.resolve("", "generate"), pid };
  }

  it("finishes what runs, refuses the rest, and leaves no process", async () => {
    const { model, pid } = await start();
    const running = model.run(submission("say a; repeat 50 b"))[Symbol.asyncIterator]();
    await running.next();
    const closed = registry.close(60_000);
    await expect(collect(model.run(submission("say c")))).rejects.toMatchObject({
      reason: "SHUTTING_DOWN",
    });
    let last: string | undefined;
    for (let next = await running.next(); next.done !== true; next = await running.next()) {
      last = next.value.kind;
    }
    expect(last).toBe("finish");
    await closed;
    expect(isAlive(pid)).toBe(false);
  });

  it("refuses those who wait at once", async () => {
    const { model } = await start({ slots: 1 });
    const running = model.run(submission("say a; wait gate"))[Symbol.asyncIterator]();
    await running.next();
    const waiting = collect(model.run(submission("say b")));
    const closed = registry.close(60_000);
    await expect(waiting).rejects.toMatchObject({ reason: "SHUTTING_DOWN" });
    await running.return();
    await closed;
  });

  it("kills a worker whose engine hangs, after the grace", async () => {
    const { model, pid } = await start();
    const hanging = collect(model.run(submission("say a; hang")));
    const failed = expect(hanging).rejects.toMatchObject({ reason: "WORKER_EXITED" });
    await registry.close(200);
    await failed;
    expect(isAlive(pid)).toBe(false);
  });

  it("ends a worker that still loads", async () => {
    registry.load(scriptedManifest({ options: { load_gate: "/nothing/ever" } }));
    const pid = await vi.waitUntil(() => registry.pidsOf("scripted")[0]);
    await registry.close(1000);
    expect(isAlive(pid)).toBe(false);
    expect(registry.find("scripted")?.state).toBe("unloading");
  });

  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "is the server's decision: a worker outlives %s",
    async (signal) => {
      const { model, pid } = await start();
      const running = model.run(submission("say a; wait gate; say b"))[Symbol.asyncIterator]();
      await running.next();
      process.kill(pid, signal);
      const opened = await collect(model.run(submission("say c; open gate")));
      expect(opened.at(-1)?.kind).toBe("finish");
      await running.next();
      expect((await running.next()).value).toEqual({ kind: "piece", text: "b" });
    },
  );
});
