/**
 * libllama's C functions and structs, as `llama.h` of v0.5.0 declares them. The only file with koffi types. Names are
 * those of C, so that the header is their documentation.
 */
import koffi from "koffi";
import type { LibraryHandle } from "koffi";

export type Pointer = bigint;

/** Padding after each struct, so that a library with a longer one cannot write or read past ours. */
const tail = koffi.array("uint8_t", 256);

const modelParams = koffi.struct({
  devices: "void *",
  tensor_buft_overrides: "void *",
  n_gpu_layers: "int32_t",
  split_mode: "int",
  load_mode: "int",
  lazy_mode: "int",
  main_gpu: "int32_t",
  tensor_split: "void *",
  progress_callback: "void *",
  progress_callback_user_data: "void *",
  kv_overrides: "void *",
  vocab_only: "bool",
  check_tensors: "bool",
  use_extra_bufts: "bool",
  no_host: "bool",
  no_alloc: "bool",
  load_mtp: "bool",
  tail,
});

const contextParams = koffi.struct({
  n_ctx: "uint32_t",
  n_batch: "uint32_t",
  n_ubatch: "uint32_t",
  n_seq_max: "uint32_t",
  n_rs_seq: "uint32_t",
  n_outputs_max: "uint32_t",
  n_outputs_max_per_seq: "uint32_t",
  n_threads: "int32_t",
  n_threads_batch: "int32_t",
  ctx_type: "int",
  rope_scaling_type: "int",
  pooling_type: "int",
  attention_type: "int",
  flash_attn_type: "int",
  rope_freq_base: "float",
  rope_freq_scale: "float",
  yarn_ext_factor: "float",
  yarn_attn_factor: "float",
  yarn_beta_fast: "float",
  yarn_beta_slow: "float",
  yarn_orig_ctx: "uint32_t",
  defrag_thold: "float",
  cb_eval: "void *",
  cb_eval_user_data: "void *",
  type_k: "int",
  type_v: "int",
  abort_callback: "void *",
  abort_callback_data: "void *",
  embeddings: "bool",
  offload_kqv: "bool",
  no_perf: "bool",
  op_offload: "bool",
  swa_full: "bool",
  kv_unified: "bool",
  samplers: "void *",
  n_samplers: "size_t",
  ctx_other: "void *",
  tail,
});

const batch = koffi.struct({
  n_tokens: "int32_t",
  token: "void *",
  embd: "void *",
  pos: "void *",
  n_seq_id: "void *",
  seq_id: "void *",
  logits: "void *",
});

const chainParams = koffi.struct({ no_perf: "bool" });

export const logCallback = koffi.pointer(koffi.proto("void", ["int", "str", "void *"]));
export const progressCallback = koffi.pointer(koffi.proto("bool", ["float", "void *"]));

/** A struct as koffi converts it. The check in `library.ts` verifies its layout. */
export type Struct = Record<string, unknown>;

/** `llama_batch`, with pointers as addresses of arrays that the caller keeps alive. */
export interface BatchStruct {
  n_tokens: number;
  readonly token: Pointer;
  readonly embd: null;
  readonly pos: Pointer;
  readonly n_seq_id: Pointer;
  readonly seq_id: Pointer;
  readonly logits: Pointer;
}

const P = "void *";

/** Binds what is needed before the library's version and layouts are verified. */
export function bindGuard(llama: LibraryHandle) {
  return {
    version: llama.func("llama_version", "str", []) as () => string,
    modelDefaults: llama.func("llama_model_default_params", modelParams, []) as () => Struct,
    contextDefaults: llama.func("llama_context_default_params", contextParams, []) as () => Struct,
  };
}

/** Binds the backends' registry. */
export function bindBackends(ggml: LibraryHandle) {
  return {
    loadAll: ggml.func("ggml_backend_load_all_from_path", "void", ["str"]) as (d: string) => void,
    count: ggml.func("ggml_backend_reg_count", "size_t", []) as () => number,
  };
}

/** Binds the log and models. Every cast states a C signature, which cannot be checked. */
export function bindModel(llama: LibraryHandle) {
  const f = (name: string, result: string, args: string[]) =>
    llama.func(`llama_${name}`, result, args);
  return {
    logSet: f("log_set", "void", [P, P]) as (callback: Pointer, data: null) => void,
    backendInit: f("backend_init", "void", []) as () => void,
    load: llama.func("llama_model_load_from_file", P, ["str", modelParams]) as (
      path: string,
      params: Struct,
    ) => Pointer | null,
    freeModel: f("model_free", "void", [P]) as (model: Pointer) => void,
    vocab: f("model_get_vocab", P, [P]) as (model: Pointer) => Pointer,
    trainedContext: f("model_n_ctx_train", "int32_t", [P]) as (model: Pointer) => number,
    embedding: f("model_n_embd", "int32_t", [P]) as (model: Pointer) => number,
    outputs: f("model_n_embd_out", "int32_t", [P]) as (model: Pointer) => number,
    scores: f("model_n_cls_out", "uint32_t", [P]) as (model: Pointer) => number,
    layers: f("model_n_layer", "int32_t", [P]) as (model: Pointer) => number,
    heads: f("model_n_head", "int32_t", [P]) as (model: Pointer) => number,
    keyValueHeads: f("model_n_head_kv", "int32_t", [P]) as (model: Pointer) => number,
    hasEncoder: f("model_has_encoder", "bool", [P]) as (model: Pointer) => boolean,
    hasDecoder: f("model_has_decoder", "bool", [P]) as (model: Pointer) => boolean,
    isRecurrent: f("model_is_recurrent", "bool", [P]) as (model: Pointer) => boolean,
    isHybrid: f("model_is_hybrid", "bool", [P]) as (model: Pointer) => boolean,
    window: f("model_n_swa", "int32_t", [P]) as (model: Pointer) => number,
    isDiffusion: f("model_is_diffusion", "bool", [P]) as (model: Pointer) => boolean,
    offloads: llama.func("llama_supports_gpu_offload", "bool", []) as () => boolean,
    chatTemplate: f("model_chat_template", "str", [P, "str"]) as (
      model: Pointer,
      name: null,
    ) => string | null,
    metadata: f("model_meta_val_str", "int32_t", [P, "str", P, "size_t"]) as (
      model: Pointer,
      key: string,
      buffer: Uint8Array,
      bytes: number,
    ) => number,
  };
}

/** Binds contexts and their memory. */
export function bindContext(llama: LibraryHandle) {
  const f = (name: string, result: string, args: string[]) =>
    llama.func(`llama_${name}`, result, args);
  return {
    create: llama.func("llama_init_from_model", P, [P, contextParams]) as (
      model: Pointer,
      params: Struct,
    ) => Pointer | null,
    free: f("free", "void", [P]) as (context: Pointer) => void,
    setThreads: f("set_n_threads", "void", [P, "int32_t", "int32_t"]) as (
      context: Pointer,
      threads: number,
      batchThreads: number,
    ) => void,
    decode: llama.func("llama_decode", "int32_t", [P, batch]) as (
      context: Pointer,
      batch: BatchStruct,
    ) => number,
    memory: f("get_memory", P, [P]) as (context: Pointer) => Pointer | null,
    clearMemory: f("memory_clear", "void", [P, "bool"]) as (memory: Pointer, data: boolean) => void,
    pooled: f("get_embeddings_seq", P, [P, "int"]) as (
      context: Pointer,
      sequence: number,
    ) => Pointer | null,
    logits: f("get_logits_ith", P, [P, "int32_t"]) as (context: Pointer, output: number) => Pointer,
    removeCells: f("memory_seq_rm", "bool", [P, "int", "int", "int"]) as (
      memory: Pointer,
      sequence: number,
      from: number,
      to: number,
    ) => boolean,
    firstPosition: f("memory_seq_pos_min", "int", [P, "int"]) as (
      memory: Pointer,
      sequence: number,
    ) => number,
    stateBytes: f("state_seq_get_size_ext", "size_t", [P, "int", "uint32_t"]) as (
      ...args: [context: Pointer, sequence: number, flags: number]
    ) => number | bigint,
    stateOf: f("state_seq_get_data_ext", "size_t", [P, P, "size_t", "int", "uint32_t"]) as (
      ...args: [context: Pointer, to: Pointer, bytes: number, sequence: number, flags: number]
    ) => number | bigint,
    setState: f("state_seq_set_data_ext", "size_t", [P, P, "size_t", "int", "uint32_t"]) as (
      ...args: [context: Pointer, from: Pointer, bytes: number, sequence: number, flags: number]
    ) => number | bigint,
    copyCells: f("memory_seq_cp", "void", [P, "int", "int", "int", "int"]) as (
      ...args: [memory: Pointer, source: number, target: number, from: number, to: number]
    ) => void,
  };
}

/** Binds the samplers. A chain owns what is added to it, and frees it. */
export function bindSamplers(llama: LibraryHandle) {
  const f = (name: string, result: string, args: string[]) =>
    llama.func(`llama_sampler_${name}`, result, args);
  return {
    chain: llama.func("llama_sampler_chain_init", P, [chainParams]) as (params: {
      no_perf: boolean;
    }) => Pointer,
    add: f("chain_add", "void", [P, P]) as (chain: Pointer, sampler: Pointer) => void,
    free: f("free", "void", [P]) as (sampler: Pointer) => void,
    sample: f("sample", "int32_t", [P, P, "int32_t"]) as (
      chain: Pointer,
      context: Pointer,
      output: number,
    ) => number,
    apply: f("apply", "void", [P, P]) as (chain: Pointer, candidates: Pointer) => void,
    greedy: f("init_greedy", P, []) as () => Pointer,
    dist: f("init_dist", P, ["uint32_t"]) as (seed: number) => Pointer,
    topK: f("init_top_k", P, ["int32_t"]) as (k: number) => Pointer,
    topP: f("init_top_p", P, ["float", "size_t"]) as (p: number, keep: number) => Pointer,
    minP: f("init_min_p", P, ["float", "size_t"]) as (p: number, keep: number) => Pointer,
    typical: f("init_typical", P, ["float", "size_t"]) as (p: number, keep: number) => Pointer,
    temperature: f("init_temp", P, ["float"]) as (temperature: number) => Pointer,
  };
}
