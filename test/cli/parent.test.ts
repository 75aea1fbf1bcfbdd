import { expect, it, vi } from "vitest";
import { keyed } from "./keyed.ts";
import { binary, start } from "./process.ts";

// Each starts several processes, also on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const { model } = keyed();

it("ends with --exit-with-parent once the process that started it is killed", async () => {
  const flags = ["--port", "0", "--lame-duck-ms", "0", "--model", model];
  const args = JSON.stringify(["serve", "--exit-with-parent", ...flags]);
  const script = `require("node:child_process").spawn(${JSON.stringify(binary)}, ${args}, { stdio: "inherit" })`;
  const parent = start(["-e", script], { binary: process.execPath });
  await parent.printed('"msg":"ready"');
  parent.child.kill("SIGKILL");
  // The server holds the outputs too, so they are closed when it has ended.
  const { err } = await parent.ended;
  expect(err).toContain('"audit":true,"act":"draining","parent":"ended"');
  expect(err).toContain('"msg":"stopped"');
});
