import { readFileSync } from "node:fs";
import { expect, it, vi } from "vitest";
import { keyed } from "./keyed.ts";

// Each starts several processes, also on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const { serve, generate } = keyed();

// Of Linux alone the children of a process can be read so.
it.runIf(process.platform === "linux")(
  "opens no inspector at SIGUSR1, in the server or its workers, and goes on serving",
  async () => {
    const { running, address } = await serve("--log-level", "debug");
    const front = running.child.pid!;
    const children = readFileSync(`/proc/${front}/task/${front}/children`, "utf8");
    const pids = [front, ...children.trim().split(" ").map(Number)];
    expect(pids).toHaveLength(2);
    for (const pid of pids) process.kill(pid, "SIGUSR1");
    expect((await generate(address)).out).toBe("one\n");
    running.child.kill("SIGHUP");
    const log = await running.printed("configuration read again");
    expect(log).not.toMatch(/debugger|inspector/i);
    expect(log).not.toContain("worker ended");
  },
);
