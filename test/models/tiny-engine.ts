/** Engines on tiny models, and jobs for them: token ids in, token ids out. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CompletionJob, Engine, EngineHost } from "../../src/engines/engine.ts";
import { tinyModel } from "../fixtures/tiny-models.ts";
import { complete, jobFor, openEngine } from "./llama-engine.ts";

export interface TinyOptions {
  readonly unified?: boolean;
  readonly reuse?: boolean;
  readonly sequences?: number;
  readonly contextLength?: number;
  readonly cells?: number;
  /** Of host memory that remembers prefixes. */
  readonly memoryMib?: number;
  readonly log?: EngineHost["log"];
}

/** A folder for the models' files, each written when it is first opened. */
export class TinyModels {
  readonly #folder = mkdtempSync(join(tmpdir(), "inferd-tiny-"));

  open(architecture: string, options: TinyOptions = {}): Promise<Engine> {
    const model = join(this.#folder, `${architecture}.gguf`);
    if (!existsSync(model)) writeFileSync(model, tinyModel(architecture));
    const { unified = false, reuse = false, sequences = 4, contextLength = 256 } = options;
    const { cells, memoryMib } = options;
    const source = {
      name: architecture,
      files: { model },
      contextLength,
      maxSequences: sequences,
      options: {
        ...{ batch_tokens: 32, kv_unified: unified, prefix_reuse: reuse },
        ...(cells === undefined ? {} : { kv_cells: cells }),
        ...(memoryMib === undefined ? {} : { prefix_memory_mib: memoryMib }),
      },
    };
    return openEngine(source, options.log);
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}

/** So many letters, others for each seed. */
export function letters(seed: number, length: number): readonly number[] {
  return Array.from({ length }, (_, index) => 100 + ((index * 7 + seed * 5 + index * index) % 26));
}

/** Greedy, but with what was said before made less likely: random weights would else soon say one thing for ever. */
export function tinyJob(ids: readonly number[], maxTokens = 12): CompletionJob {
  return jobFor(
    { kind: "token_ids", ids: Uint32Array.from(ids) },
    { maxTokens, ignoreEos: true, frequencyPenalty: 1 },
    { returnTokenIds: true },
  );
}

/** What each job writes when it runs by itself. */
export async function alone(
  engine: Engine,
  ...jobs: readonly CompletionJob[]
): Promise<readonly (readonly number[])[]> {
  const all: (readonly number[])[] = [];
  for (const job of jobs) all.push((await complete(engine, job))[0]!.tokens);
  return all;
}
