import { stderr } from "node:process";
import { idleClock } from "../../base/clock.ts";

/** For the lines to be written. */
const writeMs = 1_000;

/** Prints a program's last lines as this process's own: the server tells from a worker's lines why it ended. */
export function printLast(lines: readonly string[], then: () => void): void {
  let isDone = false;
  const once = (): void => {
    if (!isDone) then();
    isDone = true;
  };
  idleClock.after(writeMs, once);
  stderr.write(lines.map((line) => `${line}\n`).join(""), once);
}
