/** A model's pooling, from its `1_Pooling/config.json` or its manifest. */
import { entriesOf, field, refuseOtherKeys, shown } from "./json.ts";
import type { NamedJson } from "./json.ts";
import type { Pooling } from "./pooling.ts";

export interface PoolingConfig {
  /** Concatenated in the vector, in this order. */
  readonly modes: readonly Pooling[];
  /** Whether the tokens of a prompt count. */
  readonly includePrompt: boolean;
}

/** Older files have a flag for each mode, and concatenate in this order. */
const flags: Readonly<Record<string, Pooling>> = {
  pooling_mode_cls_token: "cls",
  pooling_mode_max_tokens: "max",
  pooling_mode_mean_tokens: "mean",
  pooling_mode_mean_sqrt_len_tokens: "mean_sqrt_len",
  pooling_mode_weightedmean_tokens: "weighted_mean",
  pooling_mode_lasttoken: "last",
};

const names: Readonly<Record<string, Pooling>> = {
  cls: "cls",
  max: "max",
  mean: "mean",
  mean_sqrt_len_tokens: "mean_sqrt_len",
  weightedmean: "weighted_mean",
  lasttoken: "last",
};

const dimensions = ["word_embedding_dimension", "embedding_dimension"];

/** Undefined if there is no such file. */
export function poolingConfigOf(file: NamedJson | undefined): PoolingConfig | undefined {
  if (file === undefined) return undefined;
  const known = [...Object.keys(flags), "pooling_mode", "include_prompt", ...dimensions];
  refuseOtherKeys(file, known);
  return { modes: modesOf(file), includePrompt: field(file.value, "include_prompt") !== false };
}

function modesOf({ name, value }: NamedJson): readonly Pooling[] {
  const stated = field(value, "pooling_mode");
  if (stated === undefined) return flaggedModes(name, value);
  const modes: readonly unknown[] = Array.isArray(stated) ? stated : [stated];
  if (modes.length === 0) throw new Error(`${name}: pooling_mode names no mode`);
  return modes.map((mode) => {
    const pooling = typeof mode === "string" ? names[mode] : undefined;
    if (pooling !== undefined) return pooling;
    throw new Error(`${name}: inferd does not know the pooling_mode ${shown(mode)}`);
  });
}

function flaggedModes(name: string, value: unknown): readonly Pooling[] {
  const modes = Object.entries(flags).flatMap(([flag, mode]) =>
    field(value, flag) === true ? [mode] : [],
  );
  if (modes.length > 0) return modes;
  // If all flags are false, sentence-transformers takes the mean.
  if (entriesOf(value).some(([key]) => key in flags)) return ["mean"];
  throw new Error(`${name} states no pooling_mode`);
}
