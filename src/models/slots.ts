import type { ModelStatus } from "./model.ts";

/** How many jobs all of a model's workers take at once, those that are being started again included; zero until it is known. */
export function slotsOf({ manifest, info }: Pick<ModelStatus, "manifest" | "info">): number {
  return manifest.replicas * (info?.slots ?? 0);
}
