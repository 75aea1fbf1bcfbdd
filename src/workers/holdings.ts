import type { ModelMeter, PrefixCounts } from "../base/meter.ts";
import type { KvMemory, PrefixMemory } from "../engines/engine.ts";
import type { EngineReport } from "./messages.ts";
import { grownBy } from "./prefix-counts.ts";

/** Owns what a worker's engine last said that it keeps, and tells the meter of its steps and of what grew. */
export class Holdings {
  readonly #meter: Pick<ModelMeter, "stepped" | "prefixesMoved">;
  #memory: KvMemory | undefined;
  #prefixes: PrefixMemory | undefined;
  /** What the meter was told. */
  #counted: PrefixCounts | undefined;

  constructor(meter: Pick<ModelMeter, "stepped" | "prefixesMoved">) {
    this.#meter = meter;
  }

  /** The KV memory; undefined where there is none, or nothing is known of it yet. */
  get memory(): KvMemory | undefined {
    return this.#memory;
  }

  /** What it keeps of prompts beyond that; undefined as for `memory`. */
  get prefixes(): PrefixMemory | undefined {
    return this.#prefixes;
  }

  note({ stepJobs, memory, prefixes }: EngineReport): void {
    if (stepJobs !== undefined) this.#meter.stepped(stepJobs);
    this.#memory = memory;
    this.#prefixes = prefixes;
    if (prefixes === undefined) return;
    const { more, counted } = grownBy(this.#counted, prefixes);
    this.#counted = counted;
    if (more !== undefined) this.#meter.prefixesMoved(more);
  }
}
