/** Interpreters that hang or end: what their callers are told, and what goes on. */
import { copyFileSync } from "node:fs";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { describePython } from "./interpreter.ts";
import { openSite, type Serving } from "./site.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

describePython("a Python interpreter", () => {
  const site = openSite();
  let serving: Serving;
  // Each may die a few times before its model rests.
  const models = ["hung", "killed", "ended", "poisoned"];

  beforeAll(async () => {
    for (const name of models) copyFileSync(site.path("victim.py"), site.path(`${name}.py`));
    const files = [...models, "plain"].map((name) => `${name}.py`);
    serving = await site.serve(files, "--max-step-ms", "1500");
  });

  /** Until the model serves again; its process is another one. */
  async function servesAgain(model: string, before: string): Promise<void> {
    const ask = () => serving.caller.generate(model, "pid");
    const again = await vi.waitUntil(
      async () => {
        const { code, text } = await ask();
        return code === "OK" && text !== before && text;
      },
      { timeout: 45_000, interval: 100 },
    );
    expect(Number(again)).toBeGreaterThan(0);
  }

  const isAlive = (pid: string): boolean => {
    try {
      process.kill(Number(pid), 0);
      return true;
    } catch {
      return false;
    }
  };

  async function ends(model: string, how: string, act?: (pid: string) => void): Promise<void> {
    const { caller } = serving;
    const { text: pid } = await caller.generate(model, "pid");
    const stream = caller.stream(model, `begin ${how}`);
    await stream.begun;
    act?.(pid);
    const ended = await stream.ended;
    expect(ended).toMatchObject({ code: "UNAVAILABLE", reason: "WORKER_EXITED", text: "begun" });
    expect(ended.retryMs).toBeGreaterThanOrEqual(0);
    // The other model serves, whatever becomes of this one.
    expect(await caller.generate("plain", "say on")).toMatchObject({ code: "OK", text: "on" });
    await servesAgain(model, pid);
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 10_000 });
  }

  describe("that gives nothing more", () => {
    it.each(["sleep", "hold"])("is replaced after --max-step-ms (%s)", async (how) => {
      await ends("hung", how);
      expect(serving.logged()).toMatch(/"msg":"[^"]*(hang|hung)[^"]*"/);
    });

    it("is replaced where a function does not heed its caller's cancellation", async () => {
      const { caller } = serving;
      const { text: pid } = await caller.generate("hung", "pid");
      const stream = caller.stream("hung", "begin sleep");
      await stream.begun;
      stream.cancel();
      await servesAgain("hung", pid);
    });
  });

  describe("that ends", () => {
    it("by a signal from outside is replaced", () =>
      ends("killed", "sleep", (pid) => process.kill(Number(pid), "SIGKILL")));

    it("by a signal of its own is replaced", () => ends("killed", "kill"));

    it("by a segmentation fault is replaced, and the log says where it was", async () => {
      await ends("killed", "fault");
      expect(serving.logged()).toContain("Segmentation fault");
      expect(serving.logged()).toMatch(/victim\.py|killed\.py\\+", line \d+ in end/);
    });

    it.each(["exit", "zero"])("by os._exit is replaced (%s)", (how) => ends("ended", how));

    it("because it closed the descriptors of the server is replaced", () =>
      ends("ended", "descriptors"));
  });

  it("killed twice by one request: that is quarantined, and others are served", async () => {
    const { caller } = serving;
    for (const reason of ["WORKER_EXITED", "REQUEST_QUARANTINED", "REQUEST_QUARANTINED"]) {
      const { text: pid } = await caller.generate("poisoned", "pid");
      const ended = await caller.generate("poisoned", "silent exit");
      expect(ended.reason).toBe(reason);
      if (isAlive(pid)) continue;
      await servesAgain("poisoned", pid);
    }
    expect(await caller.generate("poisoned", "say on")).toMatchObject({ code: "OK", text: "on" });
  });
});
