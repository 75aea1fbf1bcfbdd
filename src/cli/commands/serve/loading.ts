import type { Registry } from "../../../models/registry.ts";
import type { Progress } from "./progress.ts";

type Loading = Pick<Registry, "list" | "onChange" | "onProgress">;

/** Waits until every model is ready or has failed, and shows progress. */
export async function untilLoaded(models: Loading, progress: Progress | undefined): Promise<void> {
  const isLoading = (): boolean => models.list().some(({ state }) => state === "loading");
  for (const { manifest, state } of models.list()) {
    if (state === "loading") progress?.update(manifest.name, 0);
  }
  const offProgress = models.onProgress((name, fraction) => progress?.update(name, fraction));
  if (isLoading()) {
    await new Promise<void>((resolve) => {
      const offChange = models.onChange(({ manifest, state }) => {
        if (state !== "loading") progress?.end(manifest.name);
        if (isLoading()) return;
        offChange();
        resolve();
      });
    });
  }
  offProgress();
}
