import koffi from "koffi";
import type { EngineHost, ModelSource, WeightsFile } from "../../engine.ts";
import type { GgufFacts, GgufPooling } from "../../gguf-purpose.ts";
import { poolings } from "../../gguf-purpose.ts";
import { Batch } from "../batch.ts";
import type { Pointer } from "../binding.ts";
import type { Library } from "../library.ts";
import type { LibraryLog } from "../log.ts";
import { checkFile, loadWeights, metadata } from "../model.ts";
import type { LlamaOptions } from "../options.ts";
import { planTexts, type TextPlan } from "./plan.ts";

/** What opens an engine, whatever its model is for. */
export interface EngineParts {
  readonly library: Library;
  readonly source: ModelSource;
  readonly options: LlamaOptions;
  readonly host: EngineHost;
  readonly log: LibraryLog;
}

/** What opens one that computes a value for each text. */
export interface PooledParts extends EngineParts {
  readonly facts: GgufFacts;
}

/** `GGML_TYPE_F32` */
const float32 = 0;

/** Texts of one batch. The library has at most 256. */
const mostTexts = 64;

/** Owns a loaded model that gives numbers of whole texts, vectors or scores, and its context. */
export class PooledModel {
  readonly weights: readonly WeightsFile[];
  readonly vocab: Pointer;
  readonly license: string;
  /** How many numbers it gives of a text. */
  readonly outputs: number;
  readonly plan: TextPlan;
  readonly #library: Library;
  readonly #handle: Pointer;
  readonly #context: Pointer;
  /** Null where the model needs none: an encoder sees a text whole. */
  readonly #memory: Pointer | null;
  readonly #batch: Batch;

  constructor(parts: EngineParts, pooling: GgufPooling) {
    const { library, source, options } = parts;
    this.#library = library;
    const path = source.files["model"];
    if (path === undefined) throw new Error("the manifest names no file of the role model");
    this.weights = checkFile(path);
    this.#handle = loadWeights(library, path, parts);
    const calls = library.model;
    try {
      refuseForeign(library, this.#handle);
      this.plan = planTexts({
        trainedContext: calls.trainedContext(this.#handle),
        contextLength: source.contextLength,
        batchTokens: options.batchTokens,
      });
      this.vocab = calls.vocab(this.#handle);
      this.license = metadata(library, this.#handle, "general.license");
      this.outputs = (pooling === "rank" ? calls.scores : calls.outputs)(this.#handle);
      this.#context = openContext(library, this.#handle, {
        batchTokens: this.plan.batchTokens,
        threads: source.threads,
        pooling,
      });
      this.#memory = library.context.memory(this.#context);
      this.#batch = new Batch(this.plan.batchTokens, mostTexts);
    } catch (thrown) {
      calls.freeModel(this.#handle);
      throw thrown;
    }
  }

  /** Numbers for each text, in their order. Throws where the library computes none. */
  compute(texts: readonly (readonly number[])[]): readonly Float32Array[] {
    return partsOf(texts, this.plan.batchTokens).flatMap((part) => this.#computePart(part));
  }

  #computePart(texts: readonly (readonly number[])[]): readonly Float32Array[] {
    const { context: calls } = this.#library;
    this.#batch.clear();
    for (const [sequence, ids] of texts.entries()) {
      this.#batch.add(Int32Array.from(ids), { sequence, position: 0, output: "all" });
    }
    // Texts of the batch before have the same numbers of sequences.
    if (this.#memory !== null) calls.clearMemory(this.#memory, false);
    const code = calls.decode(this.#context, this.#batch.struct);
    if (code !== 0) throw new Error(`llama.cpp cannot compute the batch: code ${code}`);
    return texts.map((_, sequence) => {
      const numbers = calls.pooled(this.#context, sequence);
      if (numbers === null) throw new Error("llama.cpp gives no numbers of a text");
      // A copy: the library writes the next batch's there.
      return new Float32Array(koffi.view(numbers, this.outputs * 4)).slice();
    });
  }

  setThreads(threads: number): void {
    this.#library.context.setThreads(this.#context, threads, threads);
  }

  close(): void {
    this.#library.context.free(this.#context);
    this.#library.model.freeModel(this.#handle);
  }
}

/** Divides texts, in their order, so that each part fits a batch. */
function partsOf(
  texts: readonly (readonly number[])[],
  mostTokens: number,
): (readonly number[])[][] {
  const parts: (readonly number[])[][] = [];
  let tokens = Infinity;
  for (const ids of texts) {
    const last = parts.at(-1);
    if (last === undefined || tokens + ids.length > mostTokens || last.length === mostTexts) {
      parts.push([ids]);
      tokens = ids.length;
    } else {
      last.push(ids);
      tokens += ids.length;
    }
  }
  return parts;
}

/** Rejects models whose numbers of a text are not computed in one pass over its tokens. */
function refuseForeign({ model: calls }: Library, handle: Pointer): void {
  const refuse = (what: string) => {
    throw new Error(
      `the model ${what}: the llama engine gives no vectors or scores of such models`,
    );
  };
  if (calls.hasEncoder(handle) && calls.hasDecoder(handle)) refuse("has an encoder and a decoder");
  if (calls.isDiffusion(handle)) refuse("writes by diffusion");
  if (calls.isRecurrent(handle) || calls.isHybrid(handle)) refuse("is recurrent");
}

interface ContextOptions {
  readonly batchTokens: number;
  readonly threads: number;
  readonly pooling: GgufPooling;
}

function openContext(library: Library, handle: Pointer, options: ContextOptions): Pointer {
  const { batchTokens, threads, pooling } = options;
  const context = library.context.create(handle, {
    ...library.contextDefaults(),
    n_ctx: batchTokens,
    n_batch: batchTokens,
    // A text is pooled in one piece.
    n_ubatch: batchTokens,
    n_seq_max: mostTexts,
    n_threads: threads,
    n_threads_batch: threads,
    pooling_type: poolings.indexOf(pooling),
    // Its halves of 16 bits would let a text's vector depend on its batch, in the third digit.
    flash_attn_type: 0,
    type_k: float32,
    type_v: float32,
    embeddings: true,
    kv_unified: true,
    no_perf: true,
  });
  if (context !== null) return context;
  throw new Error(
    `llama.cpp cannot make a context of ${batchTokens} tokens: lower the context length`,
  );
}
