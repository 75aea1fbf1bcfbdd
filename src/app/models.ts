/** The models of a server: where they are found, and what of the configuration their registry goes by. */
import type { Log } from "../base/log.ts";
import type { Meter } from "../base/meter.ts";
import type { Places } from "../catalog/find.ts";
import { modelFolders } from "../config/config.ts";
import type { Config } from "../config/settings.ts";
import { servedTasks } from "../contract/tasks.ts";
import { taskNames } from "../engines/tasks.ts";
import { openRegistry, type Registry } from "../models/registry.ts";
import type { DefaultModels } from "../models/resolve.ts";
import type { Environment } from "../base/environment.ts";
import { withoutSecrets } from "./worker-environment.ts";

export function placesOf(
  config: Pick<Config, "models" | "model" | "llamaLibrary" | "python">,
): Places {
  return {
    directories: modelFolders(config),
    paths: config.model,
    llamaLibrary: config.llamaLibrary,
    python: config.python,
  };
}

interface Parts {
  readonly environment: Environment;
  readonly log: Log;
  readonly meter: Meter | undefined;
}

export function openModels(config: Config, { environment, log, meter }: Parts): Registry {
  return openRegistry({
    cores: config.cores,
    environment: withoutSecrets(environment),
    defaults: defaultModels(config),
    maxQueuedJobs: config.maxQueuedJobs,
    maxQueuedTokens: config.maxQueuedTokens,
    maxQueuedJobsTotal: config.maxQueuedJobsTotal,
    maxQueuedTokensTotal: config.maxQueuedTokensTotal,
    refusesLate: config.refuseLate === "on",
    timeouts: { stepMs: config.maxStepMs, loadMs: config.maxLoadStallMs },
    log,
    ...(meter && { meter }),
  });
}

/** The model of each task's calls that name none, where a setting says so. */
function defaultModels(config: Config): DefaultModels {
  const named = taskNames.map((task) => [task, config[servedTasks[task].defaultModelSetting]]);
  return Object.fromEntries(named.filter(([, name]) => name !== undefined)) as DefaultModels;
}
