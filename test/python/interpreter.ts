/** The Python that these tests run in: that of INFERD_PYTHON, or `python3`. */
import { execFileSync } from "node:child_process";
import { describe } from "vitest";

const command = process.env["INFERD_PYTHON"] ?? "python3";

/** Its own path; undefined where there is none, or none that is new enough. */
function findPython(): string | undefined {
  const program = "import sys; assert sys.version_info >= (3, 10); print(sys.executable)";
  try {
    const stdio = ["ignore", "pipe", "ignore"] as const;
    return execFileSync(command, ["-c", program], { encoding: "utf8", stdio: [...stdio] }).trim();
  } catch {
    return undefined;
  }
}

/** A group of tests that is left out where there is no Python 3.10 or newer. */
export const describePython = describe.skipIf(findPython() === undefined);
