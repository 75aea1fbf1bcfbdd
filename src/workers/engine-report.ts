/** What an engine says of itself, for metrics: read after each step, and left out where it makes no sense. */
import type { Engine, KvMemory, PrefixMemory } from "../engines/engine.ts";
import { has, isCount, isLarge, isPositive } from "./checks.ts";
import type { EngineReport } from "./messages.ts";

/** After a step. */
export function reportOf(engine: Engine): EngineReport {
  const { stepJobs } = engine;
  return { ...(isPositive(stepJobs) && { stepJobs: Number(stepJobs) }), ...holdingsOf(engine) };
}

/** What it holds, whether or not it has just computed a step. */
export function holdingsOf(engine: Engine): EngineReport {
  const memory = checkedMemory(engine.memory);
  const prefixes = checkedPrefixes(engine.prefixes);
  return { ...(memory && { memory }), ...(prefixes && { prefixes }) };
}

// Copies: an engine's own objects may have getters, which get lost on the way to the front, or what cannot be sent at all.

const memoryFields = has({ cells: isCount, usedCells: isCount });

/** An engine's word on its KV memory; undefined where it gave none, or none that makes sense. */
export function checkedMemory(memory: KvMemory | undefined): KvMemory | undefined {
  if (memory === undefined || !memoryFields(memory)) return undefined;
  const { cells, usedCells } = memory;
  return { cells, usedCells };
}

const prefixFields = has({
  bytes: isLarge,
  limitBytes: isLarge,
  saved: isLarge,
  restored: isLarge,
  evicted: isLarge,
});

/** An engine's word on the prefixes that it keeps; undefined where it gave none, or none that makes sense. */
export function checkedPrefixes(prefixes: PrefixMemory | undefined): PrefixMemory | undefined {
  if (prefixes === undefined || !prefixFields(prefixes)) return undefined;
  const { bytes, limitBytes, saved, restored, evicted } = prefixes;
  return { bytes, limitBytes, saved, restored, evicted };
}
