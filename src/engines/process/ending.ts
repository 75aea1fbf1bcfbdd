import process from "node:process";

/** How a program ended: one of both is set. */
export interface ProgramExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** After that, a signal that is blocked or ignored has ended nothing. */
const graceMs = 1_000;

/** Ends this process as its program ended: the server then does what it does for a worker that died so. */
export function endAlike({ code, signal }: ProgramExit): void {
  // The program was not asked to end: for a worker, zero would say that it was.
  if (signal === null) process.exit(code === null || code === 0 ? 1 : code);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  setTimeout(() => process.kill(process.pid, "SIGKILL"), graceMs);
}

export const exitText = ({ code, signal }: ProgramExit): string => signal ?? `exit code ${code}`;
