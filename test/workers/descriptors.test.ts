import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { execPath } from "node:process";
import { expect, it } from "vitest";

const script = join(import.meta.dirname, "../fixtures/exhausted-descriptors.ts");

it.runIf(process.platform === "linux")(
  "a worker for which no file descriptor is left has exited, and its parent lives",
  () => {
    const line = 'ulimit -n 64; exec "$@"';
    const out = execFileSync("sh", ["-c", line, "sh", execPath, script], { encoding: "utf8" });
    expect(JSON.parse(out)).toEqual({ code: null, signal: null, refusal: "EMFILE" });
  },
);
