/** How a text's vector is made of its tokens', for texts of any kind of vector. */
import type { EncoderConfig } from "./encoder-config.ts";
import { poolingFor } from "./fit.ts";
import type { OnnxOptions } from "./options.ts";
import { pool } from "./pooling.ts";
import type { TokenRows } from "./pooling.ts";
import type { GraphPorts } from "./ports.ts";
import { poolSplade } from "./splade.ts";

export interface TextPooling {
  /** As `Model.pooling` of the contract. */
  readonly name: string;
  readonly pool: (rows: TokenRows) => Float32Array;
}

export function textPoolingOf(
  ports: GraphPorts,
  config: Pick<EncoderConfig, "splade" | "pooling" | "includePrompt" | "prompts">,
  options: Pick<OnnxOptions, "pooling" | "splade">,
): TextPooling {
  const { splade } = config;
  if (splade === undefined) {
    const modes = poolingFor(ports, config, options);
    // None if the graph pools.
    const name = modes.length === 0 ? "graph" : modes.join("+");
    return { name, pool: (rows) => pool(rows, modes) };
  }
  const pooled = (rows: TokenRows): Float32Array => poolSplade(rows, splade);
  if (!ports.isPooled) return { name: `splade_${splade.strategy}`, pool: pooled };
  if (options.splade === undefined) return { name: "graph", pool: pooled };
  throw new Error(`options.pooling: the graph's output ${ports.output} is pooled already`);
}
