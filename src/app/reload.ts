/** Takes what can change while a server runs from a configuration that was read again. */
import type { Access } from "../auth/access.ts";
import type { Log } from "../base/log.ts";
import { findModels } from "../catalog/find.ts";
import type { Manifest } from "../catalog/manifest.ts";
import type { Config } from "../config/settings.ts";
import type { Registry } from "../models/registry.ts";
import { placesOf } from "./models.ts";
import type { Shutdown } from "./shutdown.ts";

interface Parts {
  readonly models: Registry;
  readonly access: Access;
  readonly shutdown: Pick<Shutdown, "hasBegun">;
  readonly log: Log;
}

export async function reload(
  config: Config,
  { models, access, shutdown, log }: Parts,
): Promise<void> {
  // Before anything is changed: where a model is wrong, nothing is.
  const manifests = await findModels({ ...placesOf(config), mayBeMissing: true });
  if (shutdown.hasBegun()) return;
  await access.reload(config);
  if (!shutdown.hasBegun()) changeModels(models, manifests, log);
}

function changeModels(models: Registry, manifests: readonly Manifest[], log: Log): void {
  const { load, replace, unload } = models.change(manifests);
  if (load.length + replace.length + unload.length === 0) return;
  const names = (some: readonly Manifest[]) => some.map(({ name }) => name);
  log.info(
    { audit: true, act: "models changed", load: names(load), replace: names(replace), unload },
    "models change",
  );
}
