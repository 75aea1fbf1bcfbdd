/** Python's own facts: all that the server knows of it. */
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "./command.ts";

/** Puts the package in `python/` on the path, and serves a file with it. */
const launcher = fileURLToPath(new URL("../../../python/run.py", import.meta.url));

/** Runs a Python file by this interpreter. */
export function pythonCommand(file: string, interpreter = "python3"): Command {
  const name = basename(interpreter);
  const advice =
    "install Python 3.10 or newer, put a virtual environment in .venv next to the file, or name an interpreter with --python";
  return {
    file: interpreter,
    args: [launcher, file],
    notFound: `${name} was not found: ${advice}`,
    notRunnable: `${name} cannot be run: ${advice}`,
  };
}
