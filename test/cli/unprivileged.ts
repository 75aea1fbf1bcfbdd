import { spawnSync } from "node:child_process";

/** Root reads and writes every file, unless it has given that up. */
const giveUp = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"];
const isRoot = process.getuid?.() === 0;
const canGiveUp = isRoot && spawnSync(giveUp[0]!, [...giveUp.slice(1), "true"]).status === 0;

/** Whether the system can be made to refuse us a file. */
export const canBeRefused = !isRoot || canGiveUp;

/** A command line that runs another one as somebody to whom permissions mean something. */
export function unprivileged(command: readonly string[]): string[] {
  return [...(canGiveUp ? giveUp : []), ...command];
}
