/**
 * What a model must do before it is ready: tokenize every byte, and compute finite numbers. Errors in native code would
 * end its process, so they are looked for first. Other problems fail the loading, and no client's call.
 */
import koffi from "koffi";
import { everyByte, mixedScripts } from "../trial-texts.ts";
import type { Pointer } from "./binding.ts";
import type { Library } from "./library.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** `LLAMA_VOCAB_TYPE_SPM`: for unknown words, it falls back on one token per byte. */
const sentencePiece = 1;

/** Throws an Error if the library would have no token for a byte of a text. */
export function assertBytes({ vocabulary }: Library, vocab: Pointer): void {
  if (vocabulary.type(vocab) !== sentencePiece) return;
  const missing = new Set(Array.from({ length: 256 }, (_, byte) => byte).filter(isInUtf8));
  const size = vocabulary.size(vocab);
  for (let token = 0; token < size && missing.size > 0; token += 1) {
    const byte = byteOf(vocabulary.text(vocab, token));
    if (byte !== undefined) missing.delete(byte);
  }
  const [first] = missing;
  if (first === undefined) return;
  throw new Error(
    `the model's vocabulary has no token for the byte ${hex(first)} and ${missing.size - 1} others, so it cannot read every text: convert the model again`,
  );
}

const isInUtf8 = (byte: number): boolean => byte < 0xc0 || (byte > 0xc1 && byte < 0xf5);

const hex = (byte: number): string => `0x${byte.toString(16).toUpperCase().padStart(2, "0")}`;

/** The byte that a token's text stands for, as the library looks for it. Undefined for other texts. */
function byteOf(text: string): number | undefined {
  const named = /^<0x([0-9A-F]{2})>$/.exec(text)?.[1];
  if (named !== undefined) return Number.parseInt(named, 16);
  return text.length === 1 && text.charCodeAt(0) < 0x80 ? text.charCodeAt(0) : undefined;
}

/** Tokenizes every byte and a page of many scripts. Throws an Error if a token id is not in the model. */
export function readTrials(tokenizer: Tokenizer): void {
  for (const text of [everyByte(), mixedScripts]) {
    for (const id of tokenizer.tokenize(text, { addSpecial: true, parseSpecial: false })) {
      if (id >= 0 && id < tokenizer.vocabularySize) continue;
      throw new Error(
        `the model's tokenizer gives ${id} as a token id, which the model does not have: convert the model again`,
      );
    }
  }
}

/** Throws an Error if an output of the last step is not a distribution of tokens. */
export function assertFinite(
  { context: calls }: Library,
  { context, output, size }: { context: Pointer; output: number; size: number },
): void {
  const logits = new Float32Array(koffi.view(calls.logits(context, output), size * 4));
  // Some tokens of many models are impossible, with a logit of minus infinity. Other infinities are errors.
  const isSound =
    logits.every((logit) => logit < Infinity) && logits.some((logit) => logit > -Infinity);
  if (isSound) return;
  throw new Error(
    "the model computes numbers that are none (NaN or infinite): its file is damaged or was converted wrongly; fetch or convert it again",
  );
}
