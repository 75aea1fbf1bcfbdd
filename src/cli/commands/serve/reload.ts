/** Reloads the configuration at each SIGHUP. */
import type { App } from "../../../app/app.ts";
import type { RootLog } from "../../../base/log.ts";
import { errorMessage } from "../../../base/text.ts";
import type { Config } from "../../../config/settings.ts";
import { readConfig, type SettingFlags } from "../../configuration.ts";
import { fixedChanges } from "./fixed-settings.ts";

interface Reloading {
  readonly app: Pick<App, "reload">;
  readonly log: RootLog;
  /** The configuration at the start of the server. */
  readonly config: Config;
  readonly flags: SettingFlags;
  /** Aborted at the first signal to end. */
  readonly ending: AbortSignal;
}

/** Handles signals one after the other. A bad configuration changes nothing and is logged in one line. */
export function reloadBySignal(reloading: Reloading): void {
  let last = Promise.resolve();
  process.on("SIGHUP", () => {
    last = last
      .then(() => reload(reloading))
      .catch((error: unknown) => {
        reloading.log.error(
          { audit: true, act: "reload rejected", problem: errorMessage(error) },
          "the configuration was not taken; nothing was changed",
        );
      });
  });
}

async function reload({ app, log, config, flags, ending }: Reloading): Promise<void> {
  const changed = await readConfig(flags);
  if (ending.aborted) {
    log.warn({}, "the server is ending; the configuration stays as it is");
    return;
  }
  await app.reload(changed);
  for (const setting of fixedChanges(config, changed)) {
    log.warn({ setting }, "this setting cannot change while the server runs; restart it");
  }
  const { logLevel } = changed;
  log.info({ audit: true, act: "reloaded", logLevel }, "configuration read again");
  log.setLevel(logLevel);
}
