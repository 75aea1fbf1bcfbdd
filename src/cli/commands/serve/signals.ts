/** Ends a server by signals, or when the process that started it has ended. */
import type { App } from "../../../app/app.ts";
import { systemClock } from "../../../base/clock.ts";
import type { Log } from "../../../base/log.ts";
import type { Config } from "../../../config/settings.ts";
import { exitCodes } from "../../failure.ts";
import { followParent, startedBy } from "./parent.ts";

type Cause = { readonly signal: "SIGINT" | "SIGTERM" } | { readonly parent: "ended" };

/**
 * Drains at the first signal, which aborts the result. A second one ends the process at once. SIGTERM comes from a
 * manager, which must move clients to other servers; Ctrl-C from a person, who does not want to wait.
 */
export function drainBySignal(
  app: Pick<App, "drain">,
  log: Log,
  { lameDuckMs, exitWithParent }: Pick<Config, "lameDuckMs" | "exitWithParent">,
): AbortSignal {
  const ending = new AbortController();
  const drain = (cause: Cause, waitMs: number): void => {
    ending.abort();
    log.info({ audit: true, act: "draining", ...cause }, "draining; a second signal ends at once");
    app.drain(waitMs).then(
      () => {
        log.info({}, "stopped");
        // Open calls must not keep the process: their grace period is over.
        process.exit(exitCodes.ok);
      },
      (error: unknown) => {
        log.error({ error }, "could not drain");
        process.exit(exitCodes.failed);
      },
    );
  };
  const end = (signal: "SIGINT" | "SIGTERM"): void => {
    if (ending.signal.aborted) process.exit(signal === "SIGINT" ? exitCodes.interrupted : 143);
    drain({ signal }, signal === "SIGTERM" ? lameDuckMs : 0);
  };
  process.on("SIGTERM", end);
  process.on("SIGINT", end);
  if (exitWithParent) {
    whenParentEnds(() => {
      if (!ending.signal.aborted) drain({ parent: "ended" }, lameDuckMs);
    });
  }
  return ending.signal;
}

function whenParentEnds(onEnded: () => void): void {
  const ppid = (): number => process.ppid;
  const parentPid = startedBy(process.env["INFERD_PARENT_PID"], ppid());
  followParent({ parentPid, ppid, clock: systemClock, onEnded });
}
