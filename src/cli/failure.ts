/** Text and exit code of a failed command. */
import { CommanderError } from "commander";
import { errorMessage } from "../base/text.ts";
import { SettingError } from "../config/config.ts";

export const exitCodes = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** What `--help` says about exit codes. */
export const exitCodesHelp = `
Exit codes:
  0    done
  1    the call or the operation failed
  2    the command line or the configuration is wrong
  130  interrupted with Ctrl-C
`;

/** The command line is wrong in a way that its parser cannot detect. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Ctrl-C is no error, so nothing is printed. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/** The operation failed and has already printed why. */
export class Reported extends Error {
  override readonly name = "Reported";
}

export interface Failure {
  readonly exitCode: number;
  /** Empty if everything has been printed. */
  readonly text: string;
}

export function describeFailure(thrown: unknown): Failure {
  if (thrown instanceof Interrupted) return { exitCode: exitCodes.interrupted, text: "" };
  if (thrown instanceof Reported) return { exitCode: exitCodes.failed, text: "" };
  if (thrown instanceof CommanderError) {
    // Commander has printed its message, or the requested help.
    return { exitCode: thrown.exitCode === 0 ? exitCodes.ok : exitCodes.usage, text: "" };
  }
  if (thrown instanceof UsageError || thrown instanceof SettingError) {
    return { exitCode: exitCodes.usage, text: `inferd: ${thrown.message}` };
  }
  if (isMistake(thrown))
    return { exitCode: exitCodes.failed, text: `inferd: ${thrown.stack ?? thrown.message}` };
  return { exitCode: exitCodes.failed, text: `inferd: ${errorMessage(thrown)}` };
}

/** Errors that only a bug throws. Reports need their stack. */
function isMistake(thrown: unknown): thrown is Error {
  return thrown instanceof TypeError || thrown instanceof ReferenceError;
}
