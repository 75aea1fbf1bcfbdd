import { basename } from "node:path";

/** How a program is started, and what to say where it cannot be. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  /** Said where the system does not find it. Callers see it: no folder. */
  readonly notFound: string;
  /** Said where the system does not let it be run. */
  readonly notRunnable: string;
}

/** A program of the user's own. */
export function programCommand(file: string): Command {
  const name = basename(file);
  return {
    file,
    args: [],
    notFound: `${name} could not be started: it, or the interpreter that its first line names, was not found`,
    notRunnable: `${name} has no execute permission: run chmod +x ${name}`,
  };
}

/** Why the system did not start a program; undefined for what may pass, such as too many processes. */
export function startFault(command: Command, code: string): string | undefined {
  if (code === "ENOENT") return command.notFound;
  if (code === "EACCES") return command.notRunnable;
  const isLasting = code === "ENOTDIR" || code === "ENOEXEC" || code === "ELOOP";
  return isLasting ? `${basename(command.file)} could not be started: ${code}` : undefined;
}
