/** The package in `python/`, by its own tests: they play the worker, and need no server. */
import { execFileSync, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const folder = fileURLToPath(new URL("../../python/", import.meta.url));

function hasPython(): boolean {
  const program = "import sys; sys.exit(sys.version_info < (3, 10))";
  return spawnSync("python3", ["-c", program]).status === 0;
}

it.skipIf(!hasPython())("passes its own tests", { timeout: 120_000 }, () => {
  const { status, stderr } = spawnSync("python3", ["-m", "unittest"], {
    cwd: folder,
    encoding: "utf8",
  });
  expect(stderr).toMatch(/Ran \d\d+ tests/);
  expect(status, stderr).toBe(0);
});

it.skipIf(!hasPython())("tries a file without a server", () => {
  const file = fileURLToPath(
    new URL("../../examples/python-function/backwards.py", import.meta.url),
  );
  const out = execFileSync("python3", ["-m", "inferd", "check", file], {
    cwd: folder,
    encoding: "utf8",
  });
  expect(out).toContain("pieces in");
});
