/** What a job that ends early leaves behind: cells that serve as a cache, until somebody needs them. */
import { expect, it } from "vitest";
import { jobFor, openEngine, Run } from "./llama-engine.ts";

const contextLength = 256;

it.each([
  ["all sequences share", { maxSequences: 2, options: { kv_cells: 256, kv_unified: true } }],
  ["each sequence has of its own", { maxSequences: 1, options: { kv_unified: false } }],
])(
  "cells that %s are a whole context for the next prompt at once when a parked job is gone",
  { timeout: 120_000 },
  async (_, source) => {
    const engine = await openEngine({ contextLength, ...source });
    const run = new Run(engine);
    run.add(1, jobFor("Once upon a time", { maxTokens: 200, ignoreEos: true }));
    await run.until(() => run.events(1).length > 150);
    engine.pause(1);
    const parked = engine.memory!.usedCells;
    expect(parked).toBeGreaterThan(contextLength / 2);
    // As for a caller that did not read, or has left.
    engine.cancel(1);
    expect(engine.memory!.usedCells).toBe(parked);
    const ids = Uint32Array.from({ length: contextLength - 1 }, (__, index) => 100 + index);
    run.add(2, jobFor({ kind: "token_ids", ids }, { maxTokens: 1, ignoreEos: true }));
    await run.step();
    expect(run.events(2)[0]).toEqual({ kind: "started" });
    await run.until();
    expect(run.completion(2).result.usage).toEqual({
      promptTokens: contextLength - 1,
      cachedPromptTokens: 0,
      completionTokens: 1,
    });
    expect(engine.memory!.usedCells).toBeLessThanOrEqual(contextLength);
    await engine.close();
  },
);
