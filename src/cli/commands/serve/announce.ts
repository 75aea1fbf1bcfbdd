/** Announces that the server is ready: as text on a terminal, as one log line otherwise. */
import type { App } from "../../../app/app.ts";
import type { Log } from "../../../base/log.ts";
import { unixPathOf } from "../../../base/unix-path.ts";
import { version } from "../../../base/version.ts";
import type { Config } from "../../../config/settings.ts";
import { write } from "../../print.ts";
import { readyText } from "./ready-text.ts";

interface Announcement {
  readonly app: Pick<App, "port" | "models">;
  readonly config: Pick<Config, "host" | "cores">;
  readonly log: Log;
  readonly isPretty: boolean;
}

export async function announce({ app, config, log, isPretty }: Announcement): Promise<void> {
  const address = addressOf(config.host, app.port);
  const statuses = app.models.list();
  const ready = statuses.filter(({ state }) => state === "ready");
  const failed = statuses.filter(({ state }) => state === "failed");
  if (ready.length === 0) {
    log.error({ address, models: statuses.length }, "no model could be loaded; calls will fail");
    return;
  }
  const startMs = Math.round(performance.now());
  if (!isPretty) {
    const models = ready.map(({ manifest }) => manifest.name);
    log.info({ address, port: app.port, models, threads: config.cores, startMs, version }, "ready");
    return;
  }
  await write(readyText({ address, threads: config.cores, startMs, ready, failed }));
}

/** The host as a client on this machine writes it: 0.0.0.0 cannot be called. */
function addressOf(host: string, port: number): string {
  if (unixPathOf(host) !== undefined) return host;
  if (host === "0.0.0.0" || host === "::") return `localhost:${port}`;
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
