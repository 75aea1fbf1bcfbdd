import { type StatedRanking, statedRanking } from "../texts/cosine-ranker.ts";

/** Settings of the llama engine: what a manifest may state under `options`. */
export interface LlamaOptions {
  /** A folder with another build of libllama, such as one for a GPU. Undefined means the bundled one. */
  readonly library: string | undefined;
  /** KV cells that all sequences share, one per token. Undefined lets memory decide. */
  readonly kvCells: number | undefined;
  /**
   * Whether all sequences share one pool of cells (llama.cpp: `kv_unified`): more of them fit, but every token's
   * attention scans the cells of all. Otherwise each has a whole context.
   */
  readonly kvUnified: boolean;
  /** Maximum tokens of one step. */
  readonly batchTokens: number;
  /** Layers to put on a GPU, if the library can. Undefined means the library's default, all. */
  readonly gpuLayers: number | undefined;
  /** Whether a prompt may reuse the cells of an earlier one with the same prefix. */
  readonly prefixReuse: boolean;
  /** Host memory for prefixes, in MiB. Undefined means a default by the KV memory. */
  readonly prefixMemoryMib: number | undefined;
  /** Share of the time that prompts may take while others generate. */
  readonly prefillShare: number;
  /** How the vectors of a text's tokens become one, in place of what the file states. */
  readonly pooling: StatedPooling | undefined;
  /** How a model that embeds ranks. */
  readonly rerank: StatedRanking | undefined;
}

/** `none` is left out: it makes no vector of a text. */
const poolings = ["mean", "cls", "last", "rank"] as const;

type StatedPooling = (typeof poolings)[number];

type Options = Readonly<Record<string, unknown>>;

const known = [
  ...["library", "kv_cells", "kv_unified", "batch_tokens", "gpu_layers"],
  ...["prefix_reuse", "prefix_memory_mib", "prefill_share", "pooling", "rerank"],
];

/** Throws a plain Error that names the first wrong option. */
export function parseOptions(options: Options): LlamaOptions {
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new Error(`the llama engine has no option "${unknown}": it knows ${known.join(", ")}`);
  }
  return {
    library: text(options, "library"),
    kvCells: whole(options, "kv_cells", { least: 256, most: 1 << 26 }),
    kvUnified: flag(options, "kv_unified") ?? false,
    batchTokens: whole(options, "batch_tokens", { least: 32, most: 8192 }) ?? 512,
    gpuLayers: whole(options, "gpu_layers", { least: 0, most: 10_000 }),
    prefixReuse: flag(options, "prefix_reuse") ?? true,
    prefixMemoryMib: whole(options, "prefix_memory_mib", { least: 0, most: 1 << 24 }),
    prefillShare: part(options, "prefill_share", { least: 0.05, most: 0.95 }) ?? 0.37,
    pooling: pooling(options),
    rerank: statedRanking(options["rerank"]),
  };
}

const ofTexts = ["library", "batch_tokens", "gpu_layers", "pooling", "rerank"];

/** Throws a plain Error for an option of generation, of a model that does something else. */
export function refuseGenerationOptions(options: Options): void {
  const wrong = Object.keys(options).find((key) => known.includes(key) && !ofTexts.includes(key));
  if (wrong === undefined) return;
  throw new Error(`option "${wrong}" is for models that generate, and this one does not`);
}

function pooling(options: Options): StatedPooling | undefined {
  const value = options["pooling"];
  const stated = poolings.find((each) => each === value);
  if (value === undefined || stated !== undefined) return stated;
  throw new Error(`option "pooling" must be one of ${poolings.join(", ")}`);
}

function text(options: Options, key: string): string | undefined {
  const value = options[key];
  if (value === undefined || (typeof value === "string" && value !== "")) return value;
  throw new Error(`option "${key}" must be a text that is not empty`);
}

function flag(options: Options, key: string): boolean | undefined {
  const value = options[key];
  if (value === undefined || typeof value === "boolean") return value;
  throw new Error(`option "${key}" must be true or false`);
}

function part(options: Options, key: string, { least, most }: Range): number | undefined {
  const value = options[key];
  if (value === undefined) return undefined;
  if (typeof value === "number" && value >= least && value <= most) return value;
  throw new Error(`option "${key}" must be a number from ${least} to ${most}`);
}

interface Range {
  readonly least: number;
  readonly most: number;
}

function whole(options: Options, key: string, { least, most }: Range): number | undefined {
  const value = options[key];
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) {
    return value;
  }
  throw new Error(`option "${key}" must be a whole number from ${least} to ${most}`);
}
