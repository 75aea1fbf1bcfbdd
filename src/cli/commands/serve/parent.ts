/**
 * Detects that the process that started this one has ended, by polling its id. The kernel's signal (`PR_SET_PDEATHSIG`)
 * comes when the parent's thread ends, and only on Linux.
 */
import type { Clock } from "../../../base/clock.ts";

export const askEveryMs = 250;

export interface ParentOptions {
  /** The process that started this one, as far as it is known. */
  readonly parentPid: number;
  /** The current parent: another process once the original parent has ended. */
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
  // Asynchronously at the start too, so that the caller's listeners are ready.
  stop = clock.after(0, ask);
  return () => stop();
}

/** The parent as `bin/inferd` recorded it; it may have ended while Node started. */
export function startedBy(noted: string | undefined, ppid: number): number {
  return noted !== undefined && /^[1-9]\d*$/.test(noted) ? Number(noted) : ppid;
}
