/**
 * Loads libllama and rejects a build that this engine was not written for. C cannot check a struct's layout, and
 * llama.cpp changes its structs between releases. So before anything is passed in, the version is read, and the
 * library's default structs are compared at known offsets.
 */
import koffi from "koffi";
import type { LibraryHandle } from "koffi";
import { bindBackends, bindContext, bindGuard, bindModel, bindSamplers } from "./binding.ts";
import type { Struct } from "./binding.ts";
import type { LibraryFiles } from "./location.ts";
import { bindVocabulary } from "./vocabulary-binding.ts";

/** The release whose `llama.h` binding.ts follows. */
const boundVersion = "0.5";

export interface Library {
  readonly version: string;
  readonly modelDefaults: () => Struct;
  readonly contextDefaults: () => Struct;
  readonly model: ReturnType<typeof bindModel>;
  readonly context: ReturnType<typeof bindContext>;
  readonly vocabulary: ReturnType<typeof bindVocabulary>;
  readonly samplers: ReturnType<typeof bindSamplers>;
  /** Loads the backends. Call it after the log is routed. */
  start(): void;
}

export function openLibrary(files: LibraryFiles): Library {
  // Each needs the symbols of the one before.
  open(files.ggmlBase, "libggml-base");
  const ggml = open(files.ggml, "libggml");
  const llama = open(files.llama, "libllama");
  const guard = bound(() => bindGuard(llama));
  const version = guard.version();
  checkVersion(version);
  checkLayout(guard.modelDefaults(), modelMarks, version);
  checkLayout(guard.contextDefaults(), contextMarks, version);
  const model = bound(() => bindModel(llama));
  const backends = bound(() => bindBackends(ggml));
  return {
    version,
    modelDefaults: guard.modelDefaults,
    contextDefaults: guard.contextDefaults,
    model,
    context: bound(() => bindContext(llama)),
    vocabulary: bound(() => bindVocabulary(llama)),
    samplers: bound(() => bindSamplers(llama)),
    start() {
      // The registry belongs to the process: a second load would list every device twice.
      if (backends.count() === 0) backends.loadAll(files.directory);
      if (backends.count() === 0) {
        throw new Error("the llama library's folder has no backend that runs on this processor");
      }
      model.backendInit();
    },
  };
}

/** Throws unless the version is the release that the bindings follow. */
export function checkVersion(version: string): void {
  if (version === boundVersion || version.startsWith(`${boundVersion}.`)) return;
  throw new Error(
    `libllama is version ${version}, but this engine is written for ${boundVersion}: use a build of that release`,
  );
}

/** Values in the release's default structs, at both ends and between. */
export const modelMarks: Struct = {
  devices: null,
  tensor_buft_overrides: null,
  n_gpu_layers: -1,
  split_mode: 1,
  load_mode: -1,
  lazy_mode: 1,
  kv_overrides: null,
  vocab_only: false,
  use_extra_bufts: true,
  load_mtp: false,
};
export const contextMarks: Struct = {
  n_ctx: 512,
  n_batch: 2048,
  n_ubatch: 512,
  n_seq_max: 1,
  n_outputs_max_per_seq: 1,
  pooling_type: -1,
  yarn_ext_factor: -1,
  defrag_thold: -1,
  type_k: 1,
  type_v: 1,
  embeddings: false,
  offload_kqv: true,
  no_perf: true,
  swa_full: true,
  kv_unified: false,
  n_samplers: 0,
  ctx_other: null,
};

/** Throws unless every marked field has its value. */
export function checkLayout(actual: Struct, marks: Struct, version: string): void {
  const wrong = Object.keys(marks).find((field) => actual[field] !== marks[field]);
  if (wrong === undefined) return;
  throw new Error(
    `libllama ${version} lays out ${wrong} differently from release ${boundVersion}, for which this engine is written: use a build of that release`,
  );
}

function open(path: string, name: string): LibraryHandle {
  try {
    return koffi.load(path, { global: true });
  } catch (cause) {
    throw new Error(`${name} cannot be loaded on this machine`, { cause });
  }
}

/** Binds functions. A missing one means another release. */
function bound<T>(bind: () => T): T {
  try {
    return bind();
  } catch (cause) {
    throw new Error(
      `libllama lacks a function of release ${boundVersion}, for which this engine is written: use a build of that release`,
      { cause },
    );
  }
}
