/** The `options` of a manifest with the onnx engine. They take precedence over the model's files. */
import type { ModelSource } from "../engine.ts";
import { poolings } from "./pooling.ts";
import type { Pooling } from "./pooling.ts";

/** Whether texts share a batch: `auto` if each vector is the same as alone. */
const batchings = ["auto", "always", "never"] as const;

export interface OnnxOptions {
  readonly pooling: readonly Pooling[] | undefined;
  /** The output of the graph to use. */
  readonly output: string | undefined;
  /** The default of `normalize` in calls. */
  readonly normalize: boolean | undefined;
  readonly batch: (typeof batchings)[number];
}

/** Fails with a message for the author of the manifest. */
export function optionsOf({ options }: Pick<ModelSource, "options">): OnnxOptions {
  const known = ["pooling", "output", "normalize", "batch"];
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    throw new Error(`options.${key} is not an option of the onnx engine: ${known.join(", ")}`);
  }
  return {
    pooling: poolingOf(options["pooling"]),
    output: outputOf(options["output"]),
    normalize: normalizeOf(options["normalize"]),
    batch: batchOf(options["batch"]),
  };
}

function poolingOf(stated: unknown): readonly Pooling[] | undefined {
  if (stated === undefined) return undefined;
  const modes: readonly unknown[] = Array.isArray(stated) ? stated : [stated];
  const found = modes.flatMap((mode) => poolings.find((known) => known === mode) ?? []);
  if (found.length > 0 && found.length === modes.length) return found;
  throw new Error(`options.pooling must be one of ${poolings.join(", ")}, or a list of them`);
}

function outputOf(stated: unknown): string | undefined {
  if (stated === undefined || (typeof stated === "string" && stated !== "")) return stated;
  throw new Error("options.output must be the name of an output of the graph");
}

function normalizeOf(stated: unknown): boolean | undefined {
  if (stated === undefined || typeof stated === "boolean") return stated;
  throw new Error("options.normalize must be true or false");
}

function batchOf(stated: unknown): OnnxOptions["batch"] {
  if (stated === undefined) return "auto";
  const found = batchings.find((known) => known === stated);
  if (found !== undefined) return found;
  throw new Error(`options.batch must be ${batchings.join(", ")}`);
}
