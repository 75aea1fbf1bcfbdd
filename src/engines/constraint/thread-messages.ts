/** What the compiler and its thread tell each other. */
import type { Grammar } from "./grammar.ts";
import type { TokenBytes } from "./token-bytes.ts";
import type { VocabularySnapshot } from "./vocabulary.ts";

/** What a thread begins with: the bytes of a vocabulary, and what another has read of them before. */
export interface ThreadData {
  readonly tokens: TokenBytes;
  readonly snapshot: VocabularySnapshot | undefined;
}

/** The first message of a thread. */
export interface ThreadReady {
  readonly snapshot: VocabularySnapshot;
}

export type CompileRequest = Grammar;

/** Why a grammar was refused, in its compiler's words; undefined where it was not. */
export interface CompileResult {
  readonly refusal: string | undefined;
  /** The processor's time that it took. */
  readonly ms: number;
}
