import koffi from "koffi";
import { memoryLimit } from "../../base/memory-limit.ts";
import { withFile } from "../bytes.ts";
import type { EngineHost, ModelSource, WeightsFile } from "../engine.ts";
import { checkGguf } from "../gguf-tensors.ts";
import { progressCallback } from "./binding.ts";
import type { BatchStruct, Pointer } from "./binding.ts";
import type { Library } from "./library.ts";
import type { LibraryLog } from "./log.ts";
import { kvBytesOf, planMemory } from "./memory.ts";
import type { MemoryPlan, ModelShape } from "./memory.ts";
import type { LlamaOptions } from "./options.ts";
import type { Cuts } from "./idle-slots.ts";
import type { Cells, State } from "./cells.ts";
import { KvState } from "./kv-state.ts";

/** Options of opening a model. */
export interface OpenOptions {
  readonly source: ModelSource;
  readonly options: LlamaOptions;
  readonly sequences: number;
  readonly host: EngineHost;
  readonly log: LibraryLog;
}

/** Owns a loaded model and its context: all native objects that live as long as the engine. */
export class Model {
  /** The files of its weights. */
  readonly weights: readonly WeightsFile[];
  readonly vocab: Pointer;
  readonly context: Pointer;
  readonly memory: MemoryPlan;
  /** Whether all sequences share the cells. */
  readonly unified: boolean;
  readonly chatTemplate: string | undefined;
  readonly license: string;
  readonly cuts: Cuts;
  readonly #library: Library;
  readonly #handle: Pointer;
  readonly #memory: Pointer | null;

  constructor(library: Library, { source, options, sequences, host, log }: OpenOptions) {
    this.#library = library;
    const path = source.files["model"];
    if (path === undefined) throw new Error("the manifest names no file of the role model");
    this.weights = checkFile(path);
    this.#handle = loadWeights(library, path, { source, options, host, log });
    try {
      const calls = library.model;
      refuseForeign(library, this.#handle);
      this.vocab = calls.vocab(this.#handle);
      this.chatTemplate = calls.chatTemplate(this.#handle, null) ?? undefined;
      this.license = metadata(library, this.#handle, "general.license");
      this.cuts = cutsOf(library, this.#handle);
      this.memory = planMemory(shapeOf(library, this.#handle), {
        contextLength: source.contextLength,
        sequences,
        kvCells: options.kvCells,
        unified: options.kvUnified,
        // The memory of a GPU is not known here.
        bytes: kvBytesOf(calls.offloads() ? 0 : memoryLimit()),
      });
      this.unified = this.memory.unified;
      this.context = openContext(library, this.#handle, {
        cells: this.memory.cells,
        batchTokens: options.batchTokens,
        sequences: this.memory.sequences,
        threads: source.threads,
        unified: this.memory.unified,
      });
      this.#memory = library.context.memory(this.context);
    } catch (thrown) {
      library.model.freeModel(this.#handle);
      throw thrown;
    }
  }

  /** Operations on the KV memory. */
  get cells(): Cells {
    const memory = this.#memory;
    const [library, { context }] = [this.#library, this];
    const { removeCells, copyCells, firstPosition } = library.context;
    const states = {
      save: (slot: number) => KvState.of(library, context, slot),
      restore: (slot: number, state: State) =>
        state instanceof KvState && state.writeTo(library, context, slot),
    };
    if (memory === null) {
      return { ...states, remove: () => undefined, share: () => undefined, isWhole: () => true };
    }
    return {
      ...states,
      remove(slot, from) {
        // A recurrent state rejects a partial removal, and would continue from the tokens that were not removed.
        if (removeCells(memory, slot, from, -1)) return;
        throw new Error("bug: the memory cannot forget this part of a sequence");
      },
      share: (from, to, tokens) => copyCells(memory, from, to, 0, tokens),
      isWhole: (slot) => firstPosition(memory, slot) === 0,
    };
  }

  /** Computes a batch. Returns the library's code: 0 done, 1 no cells left, below 0 broken. */
  decode(batch: BatchStruct): number {
    return this.#library.context.decode(this.context, batch);
  }

  setThreads(threads: number): void {
    this.#library.context.setThreads(this.context, threads, threads);
  }

  close(): void {
    // A context refers to its model.
    this.#library.context.free(this.context);
    this.#library.model.freeModel(this.#handle);
  }
}

/** Throws an Error that says why the library cannot load the file. */
export function loadWeights(
  library: Library,
  path: string,
  { source, options, host, log }: Omit<OpenOptions, "sequences">,
): Pointer {
  const progress = koffi.register((fraction: number) => {
    host.progress(fraction);
    return true;
  }, progressCallback);
  try {
    const params = { ...library.modelDefaults(), progress_callback: progress };
    const handle = library.model.load(
      path,
      options.gpuLayers === undefined ? params : { ...params, n_gpu_layers: options.gpuLayers },
    );
    if (handle !== null) return handle;
  } finally {
    koffi.unregister(progress);
  }
  // The library quotes the path, which clients must not see.
  const said = log.firstError().replaceAll(path, source.name);
  const why = said === "" ? "" : `: ${said}`;
  throw new Error(`llama.cpp cannot load the model${why}`);
}

/** Native code opens no file whose sizes have not been checked against its bytes. */
export function checkFile(path: string): readonly WeightsFile[] {
  const start = withFile(path, (source) => source.read(0, Math.min(4, source.bytes)));
  if (Buffer.from(start).toString("latin1") === "vers") {
    throw new Error(
      "the model's file is not a GGUF file: it may be a Git LFS pointer; fetch the file",
    );
  }
  return checkGguf(path);
}

/** Rejects models that do not generate text token by token. */
function refuseForeign(library: Library, handle: Pointer): void {
  const { model: calls } = library;
  const architecture = metadata(library, handle, "general.architecture");
  const refuse = (what: string) => {
    throw new Error(
      `the model is of architecture ${architecture}, which ${what}: the llama engine does not serve such models`,
    );
  };
  const isCausal = metadata(library, handle, `${architecture}.attention.causal`) !== "false";
  if (!calls.hasDecoder(handle) || !isCausal) refuse("only encodes text");
  if (calls.hasEncoder(handle)) refuse("has an encoder and a decoder");
  if (calls.isDiffusion(handle)) refuse("writes by diffusion");
}

function cutsOf({ model: calls }: Library, handle: Pointer): Cuts {
  if (calls.isRecurrent(handle) || calls.isHybrid(handle)) return "nowhere";
  return calls.window(handle) > 0 ? "in place" : "anywhere";
}

interface ContextOptions {
  readonly cells: number;
  readonly batchTokens: number;
  readonly sequences: number;
  readonly threads: number;
  readonly unified: boolean;
}

function openContext(library: Library, handle: Pointer, options: ContextOptions): Pointer {
  const { cells, batchTokens, sequences, threads, unified } = options;
  const context = library.context.create(handle, {
    ...library.contextDefaults(),
    n_ctx: cells,
    n_batch: batchTokens,
    n_ubatch: batchTokens,
    n_seq_max: sequences,
    // A step samples at most once per sequence; the library's default reserves a row for each token.
    n_outputs_max: sequences,
    n_threads: threads,
    n_threads_batch: threads,
    kv_unified: unified,
    no_perf: true,
  });
  if (context !== null) return context;
  throw new Error(
    `llama.cpp cannot make a context of ${cells} KV cells: lower kv_cells or the context length`,
  );
}

function shapeOf(library: Library, handle: Pointer): ModelShape {
  const calls = library.model;
  const architecture = metadata(library, handle, "general.architecture");
  const number = (key: string) => {
    const value = Number.parseInt(metadata(library, handle, `${architecture}.${key}`), 10);
    return Number.isNaN(value) ? undefined : value;
  };
  return {
    layers: calls.layers(handle),
    embedding: calls.embedding(handle),
    heads: calls.heads(handle),
    keyValueHeads: calls.keyValueHeads(handle),
    keyLength: number("attention.key_length"),
    valueLength: number("attention.value_length"),
    trainedContext: calls.trainedContext(handle),
  };
}

/** A value of the file's metadata as text. Empty if there is none. */
export function metadata({ model: calls }: Library, handle: Pointer, key: string): string {
  const buffer = Buffer.alloc(1024);
  const length = calls.metadata(handle, key, buffer, buffer.length);
  return length < 0 ? "" : buffer.toString("utf8", 0, Math.min(length, buffer.length - 1));
}
