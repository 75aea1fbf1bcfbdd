import type { Manifest } from "../catalog/manifest.ts";
import type { ModelSource } from "../engines/engine.ts";

/** What a worker is told of a model. */
export function sourceOf(manifest: Manifest, threads: number): ModelSource {
  const { name, files, chatTemplate, chatFormat, limits, options } = manifest;
  return {
    name,
    files: Object.fromEntries(Object.entries(files).map(([role, { path }]) => [role, path])),
    chatTemplate,
    ...(chatFormat !== undefined && { chatFormat }),
    contextLength: limits.contextLength,
    maxSequences: limits.maxSequences,
    options,
    threads,
  };
}
