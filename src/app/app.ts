/**
 * The server as a whole: the one place that knows all parts. It builds them from the configuration,
 * starts them in order (the port answers before any model loads, so that probes can tell loading from
 * dead) and ends them in order (calls before the workers that serve them).
 */
import { type Access, openAccess } from "../auth/access.ts";
import { systemClock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { findModels } from "../catalog/find.ts";
import { withinOpenFiles } from "../config/open-files.ts";
import type { Config } from "../config/settings.ts";
import type { Registry } from "../models/registry.ts";
import { tellHealth } from "../services/health.ts";
import { mostHttpConnections } from "../telemetry/http.ts";
import { listen } from "./listen.ts";
import { openMeter } from "./metrics.ts";
import { openModels, placesOf } from "./models.ts";
import { reload } from "./reload.ts";
import { openServices } from "./services.ts";
import { Shutdown } from "./shutdown.ts";
import type { Environment } from "../base/environment.ts";

/** A server that listens. */
export interface App {
  readonly port: number;
  readonly models: Registry;
  /**
   * Takes from another configuration what can change while it runs, its models among it, and reads keys and
   * certificates. Rejects, and changes nothing, where the models are wrong. Does nothing once it drains.
   */
  reload(config: Config): Promise<void>;
  /**
   * Ends it in order. For `lameDuckMs` it says that it leaves and still takes calls; then it takes no
   * more, and ends within about the configured grace. Safe to call again.
   */
  drain(lameDuckMs: number): Promise<void>;
  /** Settles when it has ended. */
  readonly closed: Promise<void>;
}

/** Starts a server. Resolves when it listens; models go on loading. Throws one line that says why not. */
export async function startApp(config: Config, log: Log, environment: Environment): Promise<App> {
  const access = await openAccess(config, log, systemClock);
  try {
    return await startBehind(access, { config, log, environment });
  } catch (error) {
    // What follows keys and certificates would keep a process that has nothing to do.
    await access.close();
    throw error;
  }
}

interface Start {
  readonly config: Config;
  readonly log: Log;
  readonly environment: Environment;
}

async function startBehind(access: Access, start: Start): Promise<App> {
  const { log, environment } = start;
  const manifests = await findModels(placesOf(start.config));
  const workers = manifests.reduce((sum, { replicas }) => sum + replicas, 0);
  const config = withinOpenFiles(start.config, { workers, scrapers: mostHttpConnections }, log);
  const meter = await openMeter(config.metricsPort, {
    models: () => models.loads(),
    edge: () => server.load(),
  });
  const models = openModels(config, { environment, log, meter });
  const server = openServices(config, { access, models, log, meter });
  const { port, metrics } = await listen(config, { server, log, meter });
  for (const manifest of manifests) models.load(manifest);
  tellHealth(models, server.health);
  const shutdown = new Shutdown({ server, models, access, metrics, graceMs: config.graceMs });
  // Models may be found elsewhere while it runs; what runs them is what it was started with.
  const { llamaLibrary, python } = config;
  const runtimes = { llamaLibrary, python };
  return {
    port,
    models,
    closed: shutdown.ended,
    reload: (changed) => reload({ ...changed, ...runtimes }, { models, access, shutdown, log }),
    drain: (lameDuckMs) => shutdown.begin(lameDuckMs),
  };
}
