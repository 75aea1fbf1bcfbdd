/** `inferd serve`: starts the server, shows its state, and ends it by signals. */
import { giveBackHeap } from "../../../base/heap.ts";
import { readConfig, type SettingFlags } from "../../configuration.ts";
import { announce } from "./announce.ts";
import { untilLoaded } from "./loading.ts";
import { isPrettyLog, openServerLog } from "./log.ts";
import { reloadBySignal } from "./reload.ts";
import { drainBySignal } from "./signals.ts";

export type ServeFlags = SettingFlags;

export async function serve(flags: ServeFlags): Promise<void> {
  const config = await readConfig(flags);
  const isPretty = isPrettyLog(config.logFormat);
  const { log, progress } = await openServerLog(config.logLevel, isPretty);
  const { startApp } = await import("../../../app/app.ts");
  const app = await startApp(config, log, process.env);
  const ending = drainBySignal(app, log, config);
  reloadBySignal({ app, log, config, flags, ending });
  await untilLoaded(app.models, progress);
  giveBackHeap();
  // A server that is told to end while it loads has no models, which is not an error.
  if (!ending.aborted) await announce({ app, config, log, isPretty });
  await app.closed;
}
