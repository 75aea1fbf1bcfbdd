/** What Python code prints: it lands in the log, bounded, and stalls nothing. */
import { readFileSync } from "node:fs";
import { beforeAll, expect, it, vi } from "vitest";
import { describePython } from "./interpreter.ts";
import { openSite, type Serving } from "./site.ts";

vi.setConfig({ testTimeout: 90_000, hookTimeout: 120_000 });

function residentMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

describePython("what Python code prints", () => {
  const site = openSite();
  let serving: Serving;

  beforeAll(async () => {
    serving = await site.serve(["talker.py", "flood.py"]);
  });

  it("lands in the log, as do the records of logging", async () => {
    const { caller, server, logged } = serving;
    expect(await caller.generate("talker", "say")).toMatchObject({ text: "served" });
    await vi.waitFor(() => {
      expect(logged()).toContain("printed while it was loaded");
      expect(logged()).toContain("printed in a call");
      const warning = server.log().find((line) => JSON.stringify(line).includes("a warning of"));
      expect(warning).toMatchObject({ level: "warn", model: "talker" });
      expect(JSON.stringify(warning)).toContain("a warning of logging");
    });
  });

  it("without end stalls no call, and fills neither memory nor the log", async () => {
    const { caller, server } = serving;
    const linux = process.platform === "linux";
    const before = linux ? residentMiB(server.pid) : 0;
    for (let n = 0; n < 20; n++) {
      expect(await caller.generate("flood", "say")).toMatchObject({ text: "served" });
    }
    const ended = await caller.generate("flood", "print 100000", { deadlineMs: 60_000 });
    expect(ended).toMatchObject({ code: "OK", text: "served" });
    expect(await caller.generate("talker", "say")).toMatchObject({ text: "served" });
    if (linux) expect(residentMiB(server.pid) - before).toBeLessThan(100);
    const lines = server.log().map((line) => JSON.stringify(line));
    const ours = lines.filter((line) => /flooded|warned|"line \d/.test(line));
    expect(ours.length).toBeGreaterThan(0);
    // Some 50 a second and 200 at once; a hundred thousand were printed, and more.
    expect(ours.length).toBeLessThan(6000);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(10_000);
    expect(lines.some((line) => /left out/.test(line))).toBe(true);
  });
});
