/**
 * Ends a worker whose server is gone, whatever the worker is doing. A closed channel tells it between steps;
 * in a native step that does not end, only the kernel can: Linux sends a signal when the parent dies.
 * Elsewhere such a worker lasts until its step ends.
 */
import process from "node:process";
import koffi from "koffi";

/** `PR_SET_PDEATHSIG` of `prctl(2)`. */
const setDeathSignal = 1;
const sigkill = 9;

/** Asks the kernel for the end; false where it offers none. Call it first of all. */
export function exitWithParent(parentPid: number): boolean {
  if (process.platform !== "linux") return false;
  let isSet: boolean;
  try {
    // The program itself: its C library is glibc or another, by whatever name.
    const prctl = koffi.load(null).func("int prctl(int, unsigned long)") as (
      option: number,
      signal: number,
    ) => number;
    isSet = prctl(setDeathSignal, sigkill) === 0;
  } catch {
    return false;
  }
  // The parent may have died before that: then somebody else has adopted this process by now.
  if (process.ppid !== parentPid) process.kill(process.pid, "SIGKILL");
  return isSet;
}
