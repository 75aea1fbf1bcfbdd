/** How a worker's life ended, in the words of the restart policy and in those for people. */
import type { Exit } from "./port.ts";
import type { Ending } from "./restart.ts";

/** What is known of a life when its process has ended. */
export interface Ended {
  readonly exit: Exit;
  /** When it became ready; undefined where it never did. */
  readonly readyAt: number | undefined;
  /** What the engine said of the model. */
  readonly loadFailure: string | undefined;
  /** Why the server ended it, where it did. */
  readonly killedFor: string | undefined;
}

export function endingOf({ readyAt, loadFailure }: Ended, now: number): Ending {
  if (loadFailure !== undefined) return { kind: "load-failed" };
  if (readyAt === undefined) return { kind: "crashed-loading" };
  return { kind: "crashed", upMs: now - readyAt };
}

/** Why a worker rests or was given up. Callers see it: no path, no text of theirs. */
export function describeEnding({ exit, readyAt, loadFailure, killedFor }: Ended): string {
  if (loadFailure !== undefined) return loadFailure;
  const how = killedFor ?? describeExit(exit);
  return readyAt === undefined
    ? `its worker ended while loading the model (${how})`
    : `its worker keeps ending while it serves (${how})`;
}

function describeExit({ code, signal }: Exit): string {
  return signal ?? (code === null ? "it could not be started" : `exit code ${code}`);
}
