/** The log of a server: written to standard error without waiting; on a terminal, progress is shown below it. */
import { openLog, type RootLog } from "../../../base/log.ts";
import type { Config } from "../../../config/settings.ts";
import { Progress } from "./progress.ts";
import { openStandardError } from "./standard-error.ts";

export interface ServerLog {
  readonly log: RootLog;
  /** Undefined without a terminal. */
  readonly progress: Progress | undefined;
}

export function isPrettyLog(format: Config["logFormat"]): boolean {
  return format === "pretty" || (format === "auto" && process.stderr.isTTY);
}

export async function openServerLog(
  level: Config["logLevel"],
  isPretty: boolean,
): Promise<ServerLog> {
  const { stderr } = process;
  const writer = openStandardError((lines) =>
    log.warn({ lines }, "the log could not be written for a while; these lines are lost"),
  );
  const terminal = {
    get columns() {
      return stderr.columns;
    },
    write: (text: string) => writer.write(text),
  };
  const progress = stderr.isTTY && isPretty ? new Progress(terminal) : undefined;
  const log: RootLog = await openLog({
    level,
    format: isPretty ? "pretty" : "json",
    colors: stderr.isTTY && stderr.hasColors(),
    destination: progress ?? writer,
  });
  return { log, progress };
}
