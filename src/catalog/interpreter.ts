/** Which Python runs an engine that is a Python file, and whether it is there. */
import { accessSync, constants, lstatSync, statSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { env } from "node:process";

export interface Interpreter {
  /** An absolute path, or the name of a command. */
  readonly command: string;
  /** What has chosen it: a key of the manifest, `--python`, a virtual environment next to the file, or nothing. */
  readonly from: "manifest" | "setting" | "venv" | "default";
}

export interface InterpreterChoice {
  /** The Python file. Absolute. */
  readonly engine: string;
  /** As `commandIn` (base/path.ts) gives them. */
  readonly ofManifest: string | undefined;
  readonly ofSetting: string | undefined;
  /** Whether something is at a path. */
  readonly isThere: (path: string) => boolean;
}

/** The manifest's, the setting's, that of a virtual environment next to the file, or `python3`. Pure. */
export function chooseInterpreter(choice: InterpreterChoice): Interpreter {
  const { engine, ofManifest, ofSetting, isThere } = choice;
  if (ofManifest !== undefined) return { command: ofManifest, from: "manifest" };
  if (ofSetting !== undefined) return { command: ofSetting, from: "setting" };
  const command = join(dirname(engine), ".venv", "bin", "python");
  return isThere(command) ? { command, from: "venv" } : { command: "python3", from: "default" };
}

/** Links are not followed: one whose Python has gone is a broken environment, not none. */
export function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

const sources: Readonly<Record<Interpreter["from"], string>> = {
  manifest: "the manifest's key python names",
  setting: "--python names",
  venv: "the virtual environment has",
  default: "there should be",
};

/** Throws a plain Error that says who names it, where it cannot be run. */
export function assertInterpreter({ command, from }: Interpreter, path = env["PATH"] ?? ""): void {
  // What starts it says what to do where there is no Python at all.
  if (from === "default") return;
  const isPath = command.includes("/");
  const places = isPath ? [command] : path.split(delimiter).map((folder) => join(folder, command));
  if (places.some(isProgram)) return;
  const what = isPath ? "which is not a program that can be run" : "which is no command of PATH";
  const advice =
    from === "venv"
      ? "create it again with python3 -m venv --clear .venv"
      : "install that Python, or name another";
  throw new Error(`${sources[from]} ${command}, ${what}: ${advice}`);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
