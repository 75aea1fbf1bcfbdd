import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** Our environment without what a surrounding make put there: its ARGS are not those of ours. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  const make = new Set(["MAKEFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "MFLAGS", "ARGS"]);
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !make.has(name)));
}

interface Options {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What to tell a person on whose machine the command is missing. */
  readonly install?: string;
}

/** Runs a command and gives what it wrote to stdout; fails with all that it wrote. */
export async function command(
  file: string,
  parameters: readonly string[],
  { cwd, env, install }: Options = {},
): Promise<string> {
  try {
    const { stdout } = await execute(file, parameters, {
      cwd,
      env: { ...plainEnvironment(), ...env },
    });
    return stdout;
  } catch (error) {
    const { code, stdout, stderr } = error as { code: unknown; stdout: string; stderr: string };
    const why = code === "ENOENT" ? `not found; ${install ?? "install it"}` : String(code);
    throw new Error(`${file} ${parameters.join(" ")}: ${why}\n${stdout}${stderr}`, {
      cause: error,
    });
  }
}
