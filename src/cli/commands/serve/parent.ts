/**
 * Tells that the process which started this one has ended. Its id is asked for: a signal of the kernel
 * (`PR_SET_PDEATHSIG`) comes already when the parent's thread ends, and on Linux alone.
 */
import type { Clock } from "../../../base/clock.ts";

export const askEveryMs = 250;

export interface ParentOptions {
  /** Which process started this one, as far as that is known. */
  readonly parentPid: number;
  /** Whose child this process is now: who has adopted it, once its parent has ended. */
  readonly ppid: () => number;
  readonly clock: Clock;
  /** Called once. */
  readonly onEnded: () => void;
}

/** The result stops it. */
export function followParent({ parentPid, ppid, clock, onEnded }: ParentOptions): () => void {
  let stop: () => void;
  const ask = (): void => {
    if (ppid() === parentPid) stop = clock.after(askEveryMs, ask);
    else onEnded();
  };
  // Later also at the start: who calls has its listeners ready then.
  stop = clock.after(0, ask);
  return () => stop();
}

/** The parent as `bin/inferd` noted it at once; it may have ended while Node started. */
export function startedBy(noted: string | undefined, ppid: number): number {
  return noted !== undefined && /^[1-9]\d*$/.test(noted) ? Number(noted) : ppid;
}
