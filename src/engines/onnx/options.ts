/** The `options` of a manifest with the onnx engine. They take precedence over the model's files. */
import type { ModelSource } from "../engine.ts";
import { type StatedRanking, statedRanking } from "../texts/cosine-ranker.ts";
import { poolings } from "./pooling.ts";
import type { Pooling } from "./pooling.ts";
import type { Splade } from "./splade.ts";

/** Whether texts share a batch: `auto` if each vector is the same as alone. */
const batchings = ["auto", "always", "never"] as const;

export interface OnnxOptions {
  readonly pooling: readonly Pooling[] | undefined;
  /** How a SPLADE model without modules.json pools. */
  readonly splade: Splade | undefined;
  /** The output of the graph to use. */
  readonly output: string | undefined;
  /** The default of `normalize` in calls. */
  readonly normalize: boolean | undefined;
  readonly batch: (typeof batchings)[number];
  /** How a model that embeds ranks. */
  readonly rerank: StatedRanking | undefined;
}

/** Fails with a message for the author of the manifest. */
export function optionsOf({ options }: Pick<ModelSource, "options">): OnnxOptions {
  const known = ["pooling", "output", "normalize", "batch", "rerank"];
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    throw new Error(`options.${key} is not an option of the onnx engine: ${known.join(", ")}`);
  }
  return {
    ...poolingOf(options["pooling"]),
    output: outputOf(options["output"]),
    normalize: normalizeOf(options["normalize"]),
    batch: batchOf(options["batch"]),
    rerank: statedRanking(options["rerank"]),
  };
}

/** Poolings of SPLADE models, by the names that callers see. */
const splades: Readonly<Record<string, Splade>> = {
  splade_max: { strategy: "max", logs: 1 },
  splade_sum: { strategy: "sum", logs: 1 },
};

function poolingOf(stated: unknown): Pick<OnnxOptions, "pooling" | "splade"> {
  if (stated === undefined) return { pooling: undefined, splade: undefined };
  const splade = Object.entries(splades).find(([name]) => name === stated);
  if (splade !== undefined) return { pooling: undefined, splade: splade[1] };
  const modes: readonly unknown[] = Array.isArray(stated) ? stated : [stated];
  const found = modes.flatMap((mode) => poolings.find((known) => known === mode) ?? []);
  if (found.length > 0 && found.length === modes.length) {
    return { pooling: found, splade: undefined };
  }
  const names = [...poolings, ...Object.keys(splades)].join(", ");
  throw new Error(`options.pooling must be one of ${names}, or a list of the first six`);
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
