import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { keyed } from "./keyed.ts";
import { inferd, start } from "./process.ts";

const { folder, model } = keyed();

it("serves a Unix domain socket, asks for no credential there, and removes it at its end", async () => {
  const path = join(folder, "inferd.sock");
  const running = start(["serve", "--host", "unix:inferd.sock", "--model", model], { cwd: folder });
  expect(await running.printed('"msg":"ready"')).toContain(`"address":"unix:${path}"`);
  const at = ["--address", `unix:${path}`];
  const { code, out, err } = await inferd(["generate", "say hello", ...at]);
  expect({ code, out, err }).toEqual({ code: 0, out: "hello\n", err: "" });
  running.child.kill("SIGINT");
  expect((await running.ended).code).toBe(0);
  expect(existsSync(path)).toBe(false);
});
