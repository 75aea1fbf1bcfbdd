/** The functions of `llama.h` that know a vocabulary; binding.ts has all others. */
import type { LibraryHandle } from "koffi";
import type { Pointer } from "./binding.ts";

const P = "void *";

/** Binds the vocabulary. */
export function bindVocabulary(llama: LibraryHandle) {
  const f = (name: string, result: string, args: string[]) =>
    llama.func(`llama_${name}`, result, args);
  return {
    type: f("vocab_type", "int", [P]) as (vocab: Pointer) => number,
    size: f("vocab_n_tokens", "int32_t", [P]) as (vocab: Pointer) => number,
    text: f("vocab_get_text", "str", [P, "int32_t"]) as (vocab: Pointer, id: number) => string,
    attributes: f("vocab_get_attr", "int", [P, "int32_t"]) as (
      vocab: Pointer,
      id: number,
    ) => number,
    isEnd: f("vocab_is_eog", "bool", [P, "int32_t"]) as (vocab: Pointer, id: number) => boolean,
    bos: f("vocab_bos", "int32_t", [P]) as (vocab: Pointer) => number,
    eos: f("vocab_eos", "int32_t", [P]) as (vocab: Pointer) => number,
    sep: f("vocab_sep", "int32_t", [P]) as (vocab: Pointer) => number,
    addsBos: f("vocab_get_add_bos", "bool", [P]) as (vocab: Pointer) => boolean,
    addsEos: f("vocab_get_add_eos", "bool", [P]) as (vocab: Pointer) => boolean,
    addsSep: f("vocab_get_add_sep", "bool", [P]) as (vocab: Pointer) => boolean,
    tokenize: f("tokenize", "int32_t", [P, P, "int32_t", P, "int32_t", "bool", "bool"]) as (
      ...args: [Pointer, Uint8Array, number, Int32Array, number, boolean, boolean]
    ) => number,
    detokenize: f("detokenize", "int32_t", [P, P, "int32_t", P, "int32_t", "bool", "bool"]) as (
      ...args: [Pointer, Int32Array, number, Uint8Array, number, boolean, boolean]
    ) => number,
    piece: f("token_to_piece", "int32_t", [P, "int32_t", P, "int32_t", "int32_t", "bool"]) as (
      ...args: [Pointer, number, Uint8Array, number, number, boolean]
    ) => number,
  };
}
