import { spawnSync } from "node:child_process";
import { execPath } from "node:process";
import { expect, it } from "vitest";
import type { ProgramExit } from "../../../../src/engines/process/ending.ts";

const module = new URL("../../../../src/engines/process/ending.ts", import.meta.url).href;

/** How a process ends that ends as such a program did. */
function endOf(exit: ProgramExit): ProgramExit {
  const program = `import(${JSON.stringify(module)}).then((it) => it.endAlike(${JSON.stringify(exit)}))`;
  const { status, signal } = spawnSync(execPath, ["-e", program]);
  return { code: status, signal };
}

it.each<readonly [ProgramExit, ProgramExit]>([
  [
    { code: 3, signal: null },
    { code: 3, signal: null },
  ],
  // For a worker, zero would say that it was asked to end.
  [
    { code: 0, signal: null },
    { code: 1, signal: null },
  ],
  [
    { code: null, signal: "SIGTERM" },
    { code: null, signal: "SIGTERM" },
  ],
  [
    { code: null, signal: "SIGKILL" },
    { code: null, signal: "SIGKILL" },
  ],
])("ends a worker as its program ended: %o", (exit, end) => {
  expect(endOf(exit)).toEqual(end);
});
