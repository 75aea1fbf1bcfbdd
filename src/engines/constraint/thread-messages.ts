/** What the compiler and its thread tell each other. */
import type { Grammar } from "./grammar.ts";
import type { TokenBytes, VocabularySnapshot } from "./vocabulary.ts";

/** What a thread begins with: a vocabulary that was read before, or the bytes to read it from. */
export type ThreadData =
  | { readonly snapshot: VocabularySnapshot }
  | { readonly snapshot?: undefined; readonly tokens: TokenBytes };

/** The first message of a thread. */
export interface ThreadReady {
  readonly snapshot: VocabularySnapshot;
}

export type CompileRequest = Grammar;

/** Why a grammar was refused, in llguidance's words; undefined where it was not. */
export interface CompileResult {
  readonly refusal: string | undefined;
  /** The processor's time that it took. */
  readonly ms: number;
}
