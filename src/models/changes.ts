/** What a server must do to its models to have those that were found. Pure. */
import { isDeepStrictEqual } from "node:util";
import type { Manifest } from "../catalog/manifest.ts";
import type { ModelStatus } from "./model.ts";

export interface Changes {
  readonly load: readonly Manifest[];
  readonly replace: readonly Manifest[];
  /** Names. */
  readonly unload: readonly string[];
}

/**
 * A model is left alone while its manifest says the same, unless it was given up: whatever was wrong with it
 * may have been mended. Names are unique in both lists.
 */
export function changesTo(wanted: readonly Manifest[], have: readonly ModelStatus[]): Changes {
  const found = new Map(have.map((status) => [status.manifest.name, status]));
  const names = new Set(wanted.map(({ name }) => name));
  const load: Manifest[] = [];
  const replace: Manifest[] = [];
  for (const manifest of wanted) {
    const status = found.get(manifest.name);
    if (status === undefined) load.push(manifest);
    else if (!isAsWanted(status, manifest)) replace.push(manifest);
  }
  return { load, replace, unload: [...found.keys()].filter((name) => !names.has(name)) };
}

/** Whether a model of this manifest can be left alone. */
export function isAsWanted(status: ModelStatus, manifest: Manifest): boolean {
  return !isGivenUp(status) && isDeepStrictEqual(status.manifest, manifest);
}

/** Whether nothing but another manifest or other files would bring it back. */
function isGivenUp({ state, retryAfterMs }: ModelStatus): boolean {
  return state === "failed" && retryAfterMs === undefined;
}
